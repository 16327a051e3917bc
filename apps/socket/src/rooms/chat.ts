/** Chat lines: kept for a few minutes for whoever comes back after a drop, and sent to everybody in the room. */
import type { ChatMessage, RoomMessage } from '@mopl/contracts/realtime'
import { channels, redisKeys, streamLength, ttlSeconds } from '@mopl/contracts/redis-keys'
import type { Redis } from 'ioredis'
import { redisScript } from '../redis-script.ts'

/** KEYS stream, room. ARGV line, length, TTL, message. */
const publish = redisScript(`
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'line', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return redis.call('SPUBLISH', KEYS[2], ARGV[4])
`)

/** Returns when Redis has the line; rejects when Redis is away. */
export async function publishChat(redis: Redis, contentId: string, line: ChatMessage): Promise<void> {
  const message: RoomMessage = { kind: 'CHAT', ...line }
  const keys = [redisKeys.chat(contentId), channels.room(contentId)]
  const args = [JSON.stringify(line), String(streamLength.chat), String(ttlSeconds.chat), JSON.stringify(message)]
  await publish(redis, keys, args)
}
