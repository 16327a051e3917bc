/** A user's event stream in Redis: a capped stream that exists while the user is, or was just, connected. */
import { redisKeys, ttlSeconds } from '@mopl/contracts/redis-keys'
import type { Redis } from 'ioredis'
import * as v from 'valibot'
import { redisScript } from '../redis-script.ts'

export type StreamEntry = { id: string; event: string; data: string }

/** What there is: writers append only to a stream that exists, so that its first entry is a mark made here. */
export type StreamBounds = { firstId: string; lastId: string }

const markEvent = 'opened'
const entriesAtOnce = 100

/** KEYS stream. ARGV event name of the mark, TTL. Returns the ids of the first and the last entry. */
const open = redisScript(`
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('XADD', KEYS[1], '*', 'event', ARGV[1], 'data', '{}')
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return {redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1][1], redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1][1]}
`)
const OpenReply = v.tuple([v.string(), v.string()])

/** Makes sure that the stream is there for another `ttlSeconds.eventStream`. */
export async function openUserStream(redis: Redis, userId: string): Promise<StreamBounds> {
  const reply = await open(redis, [redisKeys.eventStream(userId)], [markEvent, String(ttlSeconds.eventStream)])
  const [firstId, lastId] = v.parse(OpenReply, reply)
  return { firstId, lastId }
}

/** The entries after `afterId`, in order, up to `untilId`. */
export async function readUserStream(
  redis: Redis,
  userId: string,
  afterId: string,
  untilId = '+',
): Promise<StreamEntry[]> {
  const entries: StreamEntry[] = []
  for (let from = afterId; ;) {
    const rows = await redis.xrange(redisKeys.eventStream(userId), `(${from}`, untilId, 'COUNT', entriesAtOnce)
    for (const [id, fields] of rows) entries.push({ id, event: field(fields, 'event'), data: field(fields, 'data') })
    const last = rows.at(-1)
    if (last === undefined || rows.length < entriesAtOnce) return entries
    from = last[0]
  }
}

export function isForClients(entry: StreamEntry): boolean {
  return entry.event !== markEvent && entry.event !== ''
}

/** Negative when `one` is older. Both must be ids of entries: `<milliseconds>-<number>`. */
export function compareIds(one: string, two: string): number {
  const [oneMs = 0, oneNumber = 0] = one.split('-').map(Number)
  const [twoMs = 0, twoNumber = 0] = two.split('-').map(Number)
  return oneMs === twoMs ? oneNumber - twoNumber : oneMs - twoMs
}

export function isEntryId(text: string): boolean {
  return /^\d{1,15}-\d{1,15}$/.test(text)
}

function field(fields: readonly string[], name: string): string {
  return fields[fields.indexOf(name) + 1] ?? ''
}
