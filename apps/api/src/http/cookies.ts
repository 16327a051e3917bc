/** Our two cookies. Both are `SameSite=Lax`: another site's page cannot send them along with an unsafe request. */
import { ttlSeconds } from '@mopl/contracts/redis-keys'
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { Env } from './env.ts'

const refreshCookie = 'REFRESH_TOKEN'
const csrfCookie = 'XSRF-TOKEN'
/** What a CSRF cookie must look like to be taken for one of ours. */
const csrfTokenPattern = /^[\w-]{16,128}$/

export function readRefreshCookie(c: Context<Env>): string | undefined {
  return getCookie(c, refreshCookie)
}

/** And once more the other one: without it nobody can refresh, so that it must not end before. */
export function setRefreshCookie(c: Context<Env>, token: string, secure: boolean): void {
  setCookie(c, refreshCookie, token, {
    path: '/',
    httpOnly: true,
    sameSite: 'Lax',
    secure,
    maxAge: ttlSeconds.refreshToken,
  })
  repeatCsrfCookie(c, secure)
}

export function clearRefreshCookie(c: Context<Env>, secure: boolean): void {
  deleteCookie(c, refreshCookie, { path: '/', httpOnly: true, sameSite: 'Lax', secure })
}

export function readCsrfCookie(c: Context<Env>): string | undefined {
  const token = getCookie(c, csrfCookie)
  return token !== undefined && csrfTokenPattern.test(token) ? token : undefined
}

/** As a `Set-Cookie` header has it. Readable by scripts: the page repeats it in a header. A token needs no escapes. */
export function csrfCookieHeader(token: string, secure: boolean): string {
  const where = secure ? 'Path=/; Secure' : 'Path=/'
  return `${csrfCookie}=${token}; Max-Age=${ttlSeconds.refreshToken}; ${where}; SameSite=Lax`
}

/** To whoever has the cookie the same one, once more. */
export function repeatCsrfCookie(c: Context<Env>, secure: boolean): void {
  const token = readCsrfCookie(c)
  if (token !== undefined) c.header('Set-Cookie', csrfCookieHeader(token, secure), { append: true })
}

export function carriesOurCookies(c: Context<Env>): boolean {
  return getCookie(c, csrfCookie) !== undefined || getCookie(c, refreshCookie) !== undefined
}
