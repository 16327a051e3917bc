/**
 * CSRF protection by double submit: a page of another origin can make the browser send our cookies, but it cannot read
 * them, and so cannot repeat one in a header.
 */
import { timingSafeEqual } from 'node:crypto'
import { AppError } from '@mopl/contracts/errors'
import type { MiddlewareHandler } from 'hono'
import { carriesOurCookies, csrfCookieHeader, readCsrfCookie } from './cookies.ts'
import type { Env } from './env.ts'
import { isSafe } from './methods.ts'

const csrfHeader = 'X-XSRF-TOKEN'

/**
 * Sets the cookie on the first answer to a client without it. An unsafe method that carries any of our cookies needs the
 * matching header; one that carries none has nothing a foreign page could abuse.
 *
 * @throws {AppError} CSRF_MISMATCH
 */
export function csrf({ cookieSecure }: { cookieSecure: boolean }): MiddlewareHandler<Env> {
  return async (c, next) => {
    const token = readCsrfCookie(c)
    try {
      if (!isSafe(c.req.method) && carriesOurCookies(c) && !isRepeated(token, c.req.header(csrfHeader)))
        throw new AppError('CSRF_MISMATCH')
      await next()
    } finally {
      // Not by `c.header`, which would make a new response, and a stream of its body.
      if (token === undefined) c.res.headers.append('Set-Cookie', csrfCookieHeader(newToken(), cookieSecure))
    }
  }
}

function isRepeated(token: string | undefined, header: string | undefined): boolean {
  if (token === undefined || header === undefined) return false
  const expected = Buffer.from(token)
  const actual = Buffer.from(header)
  return expected.length === actual.length && timingSafeEqual(expected, actual)
}

function newToken(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')
}
