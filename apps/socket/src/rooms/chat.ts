/** Chat lines: kept for a few minutes for whoever comes back after a drop, and sent to everybody in the room. */
import { AppError } from '@mopl/contracts/errors'
import type { ChatMessage } from '@mopl/contracts/realtime'
import { channels, redisKeys, streamLength, ttlSeconds } from '@mopl/contracts/redis-keys'
import type { Redis } from 'ioredis'
import { redisScript } from '../redis-script.ts'
import { Gatherer } from './gatherer.ts'
import { packetHead, roomMark } from './room-channel.ts'

/**
 * KEYS stream, room, closed. ARGV head of the packet, room mark, length, TTL, line... A line's id in the stream is its message id,
 * on every instance and for whoever reads it later. Returns 1; nothing when the room is closed.
 */
const publish = redisScript(`
if redis.call('EXISTS', KEYS[3]) == 1 then return end
local packet = {ARGV[1]}
for at = 5, #ARGV do
  local id = redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[3], '*', 'line', ARGV[at])
  packet[#packet + 1] = id .. '-' .. ARGV[2] .. ' ' .. ARGV[at]
end
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('SPUBLISH', KEYS[2], table.concat(packet, '\\n'))
return 1
`)

/** `settle` takes the outcome of the command that the line went with. */
type Waiting = { line: ChatMessage; settle: (publishing: Promise<void>) => void }

/** What is said in one room through this process, on its way to Redis: several lines in one command while they come fast. */
export class Chat {
  readonly #gatherer: Gatherer<Waiting>

  constructor(redis: Redis, contentId: string) {
    this.#gatherer = new Gatherer((waiting, held) => {
      const lines = waiting.map(({ line }) => line)
      const publishing = publishLines(redis, contentId, lines, held)
      for (const { settle } of waiting) settle(publishing)
    })
  }

  /** Returns when Redis has the line; rejects when Redis is away. @throws {AppError} CONTENT_NOT_FOUND when the content is deleted */
  async say(line: ChatMessage): Promise<void> {
    await new Promise<void>((resolve) => this.#gatherer.add({ line, settle: resolve }))
  }
}

async function publishLines(redis: Redis, contentId: string, lines: ChatMessage[], held: boolean): Promise<void> {
  const keys = [redisKeys.chat(contentId), channels.room(contentId), redisKeys.roomClosed(contentId)]
  const head = [packetHead('CHAT', held), roomMark(contentId), String(streamLength.chat), String(ttlSeconds.chat)]
  const told = await publish(redis, keys, [...head, ...lines.map((line) => JSON.stringify(line))])
  if (told !== 1) throw new AppError('CONTENT_NOT_FOUND')
}
