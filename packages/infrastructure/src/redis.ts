/** The connection to Redis: a command client that fails fast, and a subscriber that heals by itself. */
import { DrizzleQueryError } from 'drizzle-orm'
import { Redis } from 'ioredis'
import type { Log } from './log.ts'

export type RedisOptions = { url: string; name: string; log: Log }
export type RedisClient = Redis

/**
 * A connection that says nothing for this long while a command waits is given up for another one. It may have died without
 * a word, and the kernel would go on trying for a quarter of an hour; a Redis that is merely slow has failed the command by then.
 */
const silentAtMostMs = 2_000

/**
 * A command either answers within a second or rejects. There is no offline queue, where a late write would hurt:
 * while Redis is away every command rejects at once. So does what waits for an answer when the connection breaks: it may
 * have been carried out, and is not sent again unless its caller does so.
 */
export function openRedis({ url, name, log }: RedisOptions): {
  redis: Redis
  ping(): Promise<void>
  close(): Promise<void>
} {
  const redis = new Redis(url, {
    connectionName: `mopl-${name}`,
    commandTimeout: 1_000,
    socketTimeout: silentAtMostMs,
    connectTimeout: 2_000,
    enableOfflineQueue: false,
    keepAlive: 10_000,
    maxRetriesPerRequest: 0,
    retryStrategy,
  })
  redis.on('error', (err) => log.warn({ err }, 'redis connection error'))
  return {
    redis,
    ping: async () => void (await redis.ping()),
    close: async () => redis.disconnect(),
  }
}

/** Waits until the first connection is up, so that a process does not start by refusing its first requests. */
export async function untilRedisReady(redis: Redis, timeoutMs = 10_000): Promise<void> {
  if (redis.status === 'ready') return
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('redis is not reachable')), timeoutMs)
    redis.once('ready', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

/**
 * A connection for SUBSCRIBE and SSUBSCRIBE only. ioredis re-subscribes by itself after a dropped link; one that has died
 * in silence is noticed by whoever sends a PING over it.
 */
export function openSubscriber({ url, name, log }: RedisOptions): { subscriber: Redis; close(): Promise<void> } {
  const subscriber = new Redis(url, {
    connectionName: `mopl-${name}-subscriber`,
    connectTimeout: 2_000,
    socketTimeout: silentAtMostMs,
    keepAlive: 10_000,
    maxRetriesPerRequest: null,
    autoResubscribe: true,
    retryStrategy,
  })
  subscriber.on('error', (err) => log.warn({ err }, 'redis subscriber error'))
  return { subscriber, close: async () => subscriber.disconnect() }
}

function retryStrategy(attempt: number): number {
  return Math.min(50 * 2 ** attempt, 2_000)
}

/**
 * True when Redis is away or too slow, rather than the command wrong. The error of a statement never is: its message
 * repeats the parameters, which are users' words.
 */
export function isRedisUnavailable(error: unknown): boolean {
  if (error instanceof DrizzleQueryError) return false
  return error instanceof Error && redisFailures.some((pattern) => pattern.test(error.message))
}

const redisFailures = [
  /Stream isn't writeable/,
  /Command timed out/,
  /Connection is closed/,
  /Command aborted/,
  /max retries per request/i,
  /ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT/,
  /^(LOADING|BUSY|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|OOM|MISCONF|NOREPLICAS) /,
]
