/**
 * A sign-in under way at a provider. Its secrets wait in Redis, once; a cookie binds them to the browser that began, so
 * that nobody can be made to finish a sign-in that somebody else began (RFC 6749 section 10.12).
 */
import { redisKeys, ttlSeconds } from '@mopl/contracts/redis-keys'
import type { RedisClient } from '@mopl/infrastructure/redis'
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { randomNonce, randomPKCECodeVerifier, randomState } from 'openid-client'
import * as v from 'valibot'
import type { Env } from '../http/env.ts'
import { ProviderName, type Secrets } from './providers.ts'

const cookie = 'OAUTH2_STATE'
const Attempt = v.object({ provider: ProviderName, nonce: v.string(), codeVerifier: v.string() })

type Deps = { redis: RedisClient; cookieSecure: boolean }

export async function beginAttempt(c: Context<Env>, deps: Deps, provider: ProviderName): Promise<Secrets> {
  const secrets = { state: randomState(), nonce: randomNonce(), codeVerifier: randomPKCECodeVerifier() }
  const { state, ...rest } = secrets
  const attempt = JSON.stringify({ provider, ...rest })
  await deps.redis.set(redisKeys.socialSignIn(state), attempt, 'EX', ttlSeconds.socialSignIn)
  setCookie(c, cookie, state, { ...cookieOptions(deps), maxAge: ttlSeconds.socialSignIn })
  return secrets
}

/** The secrets of the attempt that this browser began with this provider, never twice; `undefined` when there is none. */
export async function takeAttempt(c: Context<Env>, deps: Deps, provider: ProviderName): Promise<Secrets | undefined> {
  const state = getCookie(c, cookie)
  deleteCookie(c, cookie, cookieOptions(deps))
  if (state === undefined || state !== c.req.query('state')) return undefined
  const kept = await deps.redis.getdel(redisKeys.socialSignIn(state))
  if (kept === null) return undefined
  const { provider: begun, ...rest } = v.parse(Attempt, JSON.parse(kept))
  return begun === provider ? { state, ...rest } : undefined
}

/** `Lax`: it must come along when the provider sends the browser back. */
function cookieOptions({ cookieSecure }: Deps) {
  return { path: '/login/oauth2', httpOnly: true, sameSite: 'Lax', secure: cookieSecure } as const
}
