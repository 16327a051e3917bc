/** Something that changes rarely: in Redis, or asked of the api; what is asked for often is remembered in the process too. */
import type { AccessTokenClaims } from '@mopl/contracts/access-token'
import { AppError, type ErrorCode } from '@mopl/contracts/errors'
import { ttlSeconds } from '@mopl/contracts/redis-keys'
import type { Redis } from 'ioredis'
import * as v from 'valibot'

const rememberedMs = 30_000
const rememberedAtMost = 10_000

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

  /** A cache that is away, or holds something unreadable, is a cache that does not know. */
  async function cached(id: string): Promise<v.InferOutput<S> | undefined> {
    const text = await redis.get(key(id)).catch(() => null)
    const parsed = v.safeParse(schema, text)
    return parsed.success ? parsed.output : undefined
  }

  async function find(id: string, claims: AccessTokenClaims): Promise<v.InferOutput<S>> {
    const known = await cached(id)
    if (known !== undefined) return known
    const value = await ask(id, claims)
    if (value === undefined) throw new AppError(notFound)
    await redis.set(key(id), toText(value), 'EX', ttlSeconds.cache).catch(() => undefined)
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
