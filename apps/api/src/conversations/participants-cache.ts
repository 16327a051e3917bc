/** Tells the socket who takes part: whoever opens a conversation here opens it there next. */
import { redisKeys, ttlSeconds } from '@mopl/contracts/redis-keys'
import type { Log } from '@mopl/infrastructure/log'
import type { RedisClient } from '@mopl/infrastructure/redis'

/** A failure costs the socket a question to the api, and nothing else. */
export async function rememberParticipants(
  { redis, log }: { redis: RedisClient; log: Log },
  conversationId: string,
  participants: readonly [string, string],
): Promise<void> {
  const key = redisKeys.participantsCache(conversationId)
  await redis
    .set(key, participants.join('|'), 'EX', ttlSeconds.cache)
    .catch((err: unknown) => log.warn({ err, conversationId }, 'participants not cached'))
}
