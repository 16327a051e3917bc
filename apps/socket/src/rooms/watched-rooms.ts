/**
 * What a user watches, for the profile: of all rooms the user is in, the one that was joined last. Leaving it falls back
 * to the one before.
 */
import { redisKeys } from '@mopl/contracts/redis-keys'
import type { Redis } from 'ioredis'
import { redisScript } from '../redis-script.ts'

/**
 * `room|contentId` -> session id for each room. Session ids are UUIDv7: the greatest is the newest, in whatever order
 * rooms are registered again after a fault.
 */
const showNewest = `
local contentId, sessionId
local fields = redis.call('HGETALL', KEYS[1])
for at = 1, #fields, 2 do
  if string.sub(fields[at], 1, 5) == 'room|' and (not sessionId or fields[at + 1] > sessionId) then
    contentId, sessionId = string.sub(fields[at], 6), fields[at + 1]
  end
end
if contentId then redis.call('HSET', KEYS[1], 'contentId', contentId, 'sessionId', sessionId)
else redis.call('DEL', KEYS[1]) end
`

/** KEYS watching. ARGV contentId, session id. */
const remember = redisScript(`
redis.call('HSET', KEYS[1], 'room|' .. ARGV[1], ARGV[2])
${showNewest}`)

/** KEYS watching. ARGV contentId, session id. A newer session in the same room stays. */
const forget = redisScript(`
if redis.call('HGET', KEYS[1], 'room|' .. ARGV[1]) ~= ARGV[2] then return end
redis.call('HDEL', KEYS[1], 'room|' .. ARGV[1])
${showNewest}`)

export async function rememberWatching(
  redis: Redis,
  userId: string,
  contentId: string,
  sessionId: string,
): Promise<void> {
  await remember(redis, [redisKeys.watching(userId)], [contentId, sessionId])
}

export async function forgetWatching(
  redis: Redis,
  userId: string,
  contentId: string,
  sessionId: string,
): Promise<void> {
  await forget(redis, [redisKeys.watching(userId)], [contentId, sessionId])
}

/** The session in which the user watches that content, as far as the profile knows. */
export async function watchedSession(redis: Redis, userId: string, contentId: string): Promise<string | undefined> {
  return (await redis.hget(redisKeys.watching(userId), `room|${contentId}`)) ?? undefined
}
