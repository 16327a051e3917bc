/** Lua scripts by their digest, sent in full only when Redis does not know them (after a restart, a flush of scripts). */
import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'

export type RedisScript = (redis: Redis, keys: readonly string[], args: readonly string[]) => Promise<unknown>

/** Every key that `lua` touches must be passed in `keys` and share a hash tag, for Redis Cluster. */
export function redisScript(lua: string): RedisScript {
  const digest = createHash('sha1').update(lua).digest('hex')
  return async (redis, keys, args) => {
    try {
      return await redis.evalsha(digest, keys.length, ...keys, ...args)
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
      return redis.eval(lua, keys.length, ...keys, ...args)
    }
  }
}
