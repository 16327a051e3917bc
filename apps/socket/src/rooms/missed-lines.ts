/**
 * What a returning client missed of a room's chat, in order, none twice, none left out: the kept lines are read and, in
 * the same step, a fence is published on the room's channel. What the channel brings before the fence has been read,
 * what it brings after has not.
 */
import { randomUUID } from 'node:crypto'
import { AppError } from '@mopl/contracts/errors'
import { channels, redisKeys, ttlSeconds } from '@mopl/contracts/redis-keys'
import type { Redis } from 'ioredis'
import * as v from 'valibot'
import type { Message } from '../fan-out.ts'
import { redisScript } from '../redis-script.ts'
import { within } from '../within.ts'
import type { Room } from './room.ts'
import { fenceText, roomMark } from './room-channel.ts'

const fenceWithinMs = 2_000

/** KEYS stream, room. ARGV from where, how long lines are kept (s), the fence. Returns the entries. */
const read = redisScript(`
redis.call('XTRIM', KEYS[1], 'MINID', (redis.call('TIME')[1] - ARGV[2]) * 1000)
redis.call('SPUBLISH', KEYS[2], ARGV[3])
return redis.call('XRANGE', KEYS[1], ARGV[1], '+')
`)
const Entries = v.array(v.tuple([v.string(), v.tuple([v.literal('line'), v.string()])]))

/**
 * Where to read from, for a client that saw this message last; `0` asks for all that is kept.
 *
 * @throws {AppError} INVALID_REQUEST for what is not the id of a chat message of this room
 */
export function readFrom(contentId: string, lastMessageId: string): string {
  if (lastMessageId === '0') return '-'
  const [, entryId, mark] = /^(\d{1,15}-\d{1,10})-([0-9a-f]{8})$/.exec(lastMessageId) ?? []
  if (entryId === undefined || mark !== roomMark(contentId))
    throw new AppError('INVALID_REQUEST', { 'last-message-id': '이 방의 message-id여야 합니다.' })
  return `(${entryId}`
}

/**
 * Calls `receive` once, with everything from there up to now; whatever is told in the room after that call was not in it.
 * Rejects when Redis is away.
 */
export async function readMissedLines(
  redis: Redis,
  room: Room,
  from: string,
  receive: (lines: readonly Message[]) => void,
): Promise<void> {
  const { contentId } = room
  const fence = randomUUID()
  const since: Message[] = []
  const expected = room.expectFence(fence, (lines) => since.push(...lines))
  try {
    const keys = [redisKeys.chat(contentId), channels.room(contentId)]
    const reading = read(redis, keys, [from, String(ttlSeconds.chat), fenceText(fence)])
    const [entries] = await Promise.all([reading, within(fenceWithinMs, expected.passed)])
    const kept = v.parse(Entries, entries).map(([id, [, body]]) => ({ id: `${id}-${roomMark(contentId)}`, body }))
    room.flushLines()
    receive([...kept, ...since])
  } finally {
    expected.close()
  }
}
