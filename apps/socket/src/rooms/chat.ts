/** Chat lines: kept for a few minutes for whoever comes back after a drop, and sent to everybody in the room. */
import type { ChatMessage } from '@mopl/contracts/realtime'
import { channels, redisKeys, streamLength, ttlSeconds } from '@mopl/contracts/redis-keys'
import type { Redis } from 'ioredis'
import { redisScript } from '../redis-script.ts'

/**
 * KEYS stream, room. ARGV line, length, TTL, what tells this room's message ids from others'. The line's id in the stream
 * is its message id, on every instance and for whoever reads it later.
 */
const publish = redisScript(`
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'line', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('SPUBLISH', KEYS[2], 'CHAT ' .. id .. '-' .. ARGV[4] .. ' ' .. ARGV[1])
`)

/** Returns when Redis has the line; rejects when Redis is away. */
export async function publishChat(redis: Redis, contentId: string, line: ChatMessage): Promise<void> {
  const keys = [redisKeys.chat(contentId), channels.room(contentId)]
  const args = [JSON.stringify(line), String(streamLength.chat), String(ttlSeconds.chat), roomMark(contentId)]
  await publish(redis, keys, args)
}

/** Two rooms may have a line in the same millisecond. The end of a UUIDv7 is random. */
function roomMark(contentId: string): string {
  return contentId.slice(-8)
}
