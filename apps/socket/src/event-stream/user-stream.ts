/** A user's event stream in Redis: a capped stream that exists while the user is, or was just, connected. */
import { redisKeys, ttlSeconds } from '@mopl/contracts/redis-keys'
import type { Redis } from 'ioredis'
import * as v from 'valibot'
import { redisScript } from '../redis-script.ts'

export type StreamEntry = { id: string; event: string; data: string }

/** Writers append only to a stream that exists, so that its first entry is a mark made here. */
const markEvent = 'opened'
const entriesAtOnce = 100

/** KEYS stream. ARGV event name of the mark, TTL. Returns the id of the last entry. */
const open = redisScript(`
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('XADD', KEYS[1], '*', 'event', ARGV[1], 'data', '{}')
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1][1]
`)

/** Makes sure that the stream is there for another `ttlSeconds.eventStream`. Returns the id of its last entry. */
export async function openUserStream(redis: Redis, userId: string): Promise<string> {
  return v.parse(
    v.string(),
    await open(redis, [redisKeys.eventStream(userId)], [markEvent, String(ttlSeconds.eventStream)]),
  )
}

/** The entries after the entry `seenId`, in order, up to `untilId`; `undefined` when some may be missing. */
export async function readUserStream(
  redis: Redis,
  userId: string,
  seenId: string,
  untilId = '+',
): Promise<StreamEntry[] | undefined> {
  const entries: StreamEntry[] = []
  for (let from = seenId; ;) {
    // Entries are only ever removed from the front: while the one seen last is there, all that follow are.
    const rows = await redis.xrange(redisKeys.eventStream(userId), from, untilId, 'COUNT', entriesAtOnce + 1)
    const [seen, ...next] = rows
    if (seen?.[0] !== from) return undefined
    for (const [id, fields] of next) entries.push({ id, event: field(fields, 'event'), data: field(fields, 'data') })
    const last = next.at(-1)
    if (last === undefined || next.length < entriesAtOnce) return entries
    from = last[0]
  }
}

/** The entry that is announced, and the id of the one before it; neither in a text that is none. */
export function readAnnouncement(text: string): { after?: string; entry?: StreamEntry } {
  const [, after, id, event, data] = /^(\d+-\d+) (\d+-\d+) (\S*) (.*)$/s.exec(text) ?? []
  if (after === undefined || id === undefined || event === undefined || data === undefined) return {}
  return { after, entry: { id, event, data } }
}

export function isForClients(entry: StreamEntry): boolean {
  return entry.event !== markEvent && entry.event !== ''
}

export function isEntryId(text: string): boolean {
  return /^\d{1,15}-\d{1,15}$/.test(text)
}

/** The one of these ids that stands last in the stream; any of them when one is none of a stream, '' without any. */
export function newestOf(ids: readonly string[]): string {
  const odd = ids.find((id) => !isEntryId(id))
  const [newest = ''] = ids.toSorted((one, other) => compare(other, one))
  return odd ?? newest
}

function compare(one: string, other: string): number {
  const [oneMs = 0, oneNumber = 0] = one.split('-').map(Number)
  const [otherMs = 0, otherNumber = 0] = other.split('-').map(Number)
  return oneMs - otherMs || oneNumber - otherNumber
}

function field(fields: readonly string[], name: string): string {
  return fields[fields.indexOf(name) + 1] ?? ''
}
