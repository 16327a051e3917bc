/**
 * Tells the caches in Redis that something has changed. To be called after the commit: whoever reads again before it
 * would keep the old state. What processes remember by themselves (the socket, for 30 s) is not reached, except by a
 * deletion (`close-rooms.ts`).
 */
import { redisKeys } from '@mopl/contracts/redis-keys'
import type { RedisClient } from './redis.ts'

/** Also the first pages of the catalogue, which any content may be on. @throws what Redis says when it is away */
export async function forgetContents(redis: RedisClient, contentIds: readonly string[]): Promise<void> {
  const keys = contentIds.flatMap((id) => [redisKeys.contentAnswers(id), redisKeys.contentSummaryCache(id)])
  await forget(redis, [redisKeys.catalogueAnswers, ...keys])
}

/** @throws what Redis says when it is away */
export async function forgetUsers(redis: RedisClient, userIds: readonly string[]): Promise<void> {
  await forget(
    redis,
    userIds.flatMap((id) => [redisKeys.userAnswers(id), redisKeys.userSummaryCache(id)]),
  )
}

/** A command each, because the keys may be in different slots of a Redis Cluster. */
async function forget(redis: RedisClient, keys: readonly string[]): Promise<void> {
  await Promise.all([...new Set(keys)].map((key) => redis.del(key)))
}
