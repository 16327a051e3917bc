/** After numbers of contents have changed. */
import { forgetContents } from '@mopl/infrastructure/forget'
import { isRedisUnavailable, type RedisClient } from '@mopl/infrastructure/redis'

/**
 * Forgets what is cached of the events' contents. Does not wait for a Redis that is away, as the numbers themselves do not:
 * what it still has when it comes back is gone after `ttlSeconds.answers`.
 */
export async function forgetIfReachable(
  redis: RedisClient,
  events: readonly { payload: { contentId: string } }[],
): Promise<void> {
  await forgetContents(
    redis,
    events.map(({ payload }) => payload.contentId),
  ).catch((error: unknown) => {
    if (!isRedisUnavailable(error)) throw error
  })
}
