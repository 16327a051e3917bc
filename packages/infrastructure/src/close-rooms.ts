/** Ends the rooms of contents that are deleted: for those who are in them, and for those who believe that the content is still there. */
import { channels, redisKeys, ttlSeconds } from '@mopl/contracts/redis-keys'
import type { RedisClient } from './redis.ts'

/** Harmless when repeated. @throws what Redis says when it is away */
export async function closeRooms(redis: RedisClient, contentIds: readonly string[]): Promise<void> {
  await Promise.all(
    contentIds.map(async (id) => {
      // First the mark, then the announcement: whoever came in before the mark hears it, nobody comes in after.
      await redis.set(redisKeys.roomClosed(id), '1', 'EX', ttlSeconds.roomClosed)
      await redis.del(redisKeys.chat(id))
      await redis.publish(channels.contentDeleted, id)
    }),
  )
}
