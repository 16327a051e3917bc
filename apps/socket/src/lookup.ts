/**
 * Something that changes rarely: in Redis, or asked of the api; what is asked for often is remembered in the process too.
 *
 * A change deletes the key in Redis (`@mopl/infrastructure/forget`). An answer may have been under way then and must not be
 * kept, so that whoever finds nothing leaves a mark in its place, and an answer replaces only the mark that its asker found.
 */
import { randomUUID } from 'node:crypto'
import type { AccessTokenClaims } from '@mopl/contracts/access-token'
import { AppError, type ErrorCode } from '@mopl/contracts/errors'
import { ttlSeconds } from '@mopl/contracts/redis-keys'
import type { Redis } from 'ioredis'
import * as v from 'valibot'
import { redisScript } from './redis-script.ts'

const rememberedMs = 30_000
const rememberedAtMost = 10_000

/** KEYS value. ARGV new mark, TTL. Returns what stands there. */
const look = redisScript(`
local found = redis.call('GET', KEYS[1])
if found then return found end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return ARGV[1]
`)

/** KEYS value. ARGV what has to stand there still, value, TTL. */
const keep = redisScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) end
`)

export type LookupOptions<S extends v.GenericSchema<string, unknown>> = {
  redis: Redis
  key: (id: string) => string
  /** How the value stands in Redis: text in, value out. */
  schema: S
  toText: (value: v.InferOutput<S>) => string
  ask: (id: string, claims: AccessTokenClaims) => Promise<v.InferOutput<S> | undefined>
  notFound: ErrorCode
  /** Asked for often. */
  isHot: boolean
}

export type Lookup<T> = {
  /** @throws {AppError} `notFound`, or what the api client throws */
  get(id: string, claims: AccessTokenClaims): Promise<T>
  /** What this process remembers, and what is under way, is not given to whoever asks from now on. */
  forget(id: string): void
}

export function createLookup<S extends v.GenericSchema<string, unknown>>(
  options: LookupOptions<S>,
): Lookup<v.InferOutput<S>> {
  const { redis, key, schema, toText, ask, notFound, isHot } = options
  const remembered = new Map<string, { value: Promise<v.InferOutput<S>>; until: number }>()

  /** What stands in Redis, and the value if it is one: a mark, and what is unreadable, is to be replaced. */
  async function cached(id: string): Promise<{ found?: string; value?: v.InferOutput<S> }> {
    const found = await look(redis, [key(id)], [`?${randomUUID()}`, String(ttlSeconds.cache)]).catch(() => undefined)
    // A cache that is away is a cache that does not know.
    if (typeof found !== 'string') return {}
    const parsed = v.safeParse(schema, found)
    return parsed.success ? { found, value: parsed.output } : { found }
  }

  async function find(id: string, claims: AccessTokenClaims): Promise<v.InferOutput<S>> {
    const { found, value: known } = await cached(id)
    if (known !== undefined) return known
    const value = await ask(id, claims)
    if (value === undefined) throw new AppError(notFound)
    if (found !== undefined)
      await keep(redis, [key(id)], [found, toText(value), String(ttlSeconds.cache)]).catch(() => undefined)
    return value
  }

  return {
    get(id, claims) {
      if (!isHot) return find(id, claims)
      const known = remembered.get(id)
      // What another asked for is shared, another's refusal is not.
      if (known !== undefined && known.until > Date.now()) return known.value.catch(() => find(id, claims))
      if (remembered.size >= rememberedAtMost) remembered.clear()
      const value = find(id, claims)
      const entry = { value, until: Date.now() + rememberedMs }
      remembered.set(id, entry)
      // A failure is not remembered.
      value.catch(() => {
        if (remembered.get(id) === entry) remembered.delete(id)
      })
      return value
    },
    forget: (id) => void remembered.delete(id),
  }
}
