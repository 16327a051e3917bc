/**
 * Rate limits that hold over all instances of the api. Each is one number in Redis: the time at which everything taken so
 * far would have been taken at an even pace (GCRA, ITU-T I.371). No window has an edge at which twice as much fits.
 */
import { createHash } from 'node:crypto'
import { AppError } from '@mopl/contracts/errors'
import { redisKeys } from '@mopl/contracts/redis-keys'
import type { RedisClient } from '@mopl/infrastructure/redis'
import type { MiddlewareHandler } from 'hono'
import type { ApiMetrics } from '../metrics.ts'
import { telling } from './describe.ts'
import type { Env } from './env.ts'
import type { RateLimitName, RateLimits } from './rate-limits.ts'

type Deps = { redis: RedisClient; rateLimits: RateLimits; metrics: ApiMetrics }

/** @throws {AppError} TOO_MANY_REQUESTS */
export function limitPerAddress(deps: Deps, name: RateLimitName): MiddlewareHandler<Env> {
  return telling(
    async (c, next) => {
      await takeOne(deps, name, c.var.clientAddress())
      await next()
    },
    { refusals: ['TOO_MANY_REQUESTS'] },
  )
}

/**
 * Counts one try of `subject` (an address, an account). While Redis is away nothing is let through.
 *
 * @throws {AppError} TOO_MANY_REQUESTS, with the time after which one more fits
 */
export async function takeOne(deps: Deps, name: RateLimitName, subject: string): Promise<void> {
  const { requests, seconds } = deps.rateLimits[name]
  const intervalMs = (seconds * 1_000) / requests
  const waitMs = Number(await deps.redis.eval(takeScript, 1, keyOf(name, subject), intervalMs, seconds * 1_000))
  if (waitMs === 0) return
  deps.metrics.rateLimited.inc({ limit: name })
  throw new AppError('TOO_MANY_REQUESTS', {}, Math.ceil(waitMs / 1_000))
}

/** Undoes one `takeOne`: counted before it was known whether it should count. */
export async function giveOneBack(deps: Deps, name: RateLimitName, subject: string): Promise<void> {
  const { requests, seconds } = deps.rateLimits[name]
  await deps.redis.eval(giveBackScript, 1, keyOf(name, subject), (seconds * 1_000) / requests)
}

/** Hashed, because a subject may be a text of any length, and an e-mail address that is nobody's business. */
function keyOf(name: RateLimitName, subject: string): string {
  return redisKeys.rateLimit(name, createHash('sha256').update(subject).digest('base64url'))
}

/** ARGV: milliseconds between two at an even pace, how far ahead of that pace one may be. Answers 0, or how long to wait. */
const takeScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local taken = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) + ARGV[1]
local wait = math.ceil(taken - now - ARGV[2])
if wait > 0 then return wait end
redis.call('SET', KEYS[1], string.format('%.3f', taken), 'PX', math.ceil(taken - now))
return 0
`

/** ARGV: milliseconds between two at an even pace. */
const giveBackScript = `
local taken = redis.call('GET', KEYS[1])
if taken then redis.call('SET', KEYS[1], string.format('%.3f', taken - ARGV[1]), 'KEEPTTL') end
`
