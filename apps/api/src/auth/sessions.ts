/** Ending sessions before their time. Every process that remembers a session hears of it through the announcement. */
import type { SessionRevoked } from '@mopl/contracts/realtime'
import { channels, redisKeys } from '@mopl/contracts/redis-keys'
import type { RedisClient } from '@mopl/infrastructure/redis'
import { endOneScript, endOthersScript } from './session-scripts.ts'

/** Ends every session of the user, or all but `keepSessionId`. */
export async function endSessions(redis: RedisClient, userId: string, keepSessionId?: string): Promise<void> {
  await redis.eval(
    endOthersScript,
    1,
    redisKeys.authSession(userId),
    keepSessionId ?? '',
    channels.sessionRevoked,
    announcement(userId, keepSessionId),
  )
}

/** Ends that session if it is the one in force. */
export async function endSession(redis: RedisClient, userId: string, sessionId: string): Promise<void> {
  await redis.eval(
    endOneScript,
    1,
    redisKeys.authSession(userId),
    sessionId,
    channels.sessionRevoked,
    announcement(userId),
  )
}

export function announcement(userId: string, keepSessionId?: string): string {
  const revoked: SessionRevoked = keepSessionId === undefined ? { userId } : { userId, keepSessionId }
  return JSON.stringify(revoked)
}
