/** Reading a room as the socket keeps it in Redis: a hash userId -> member, and a sorted set of `sessionId:userId`. */
import { RoomMember } from '@mopl/contracts/realtime'
import { redisKeys } from '@mopl/contracts/redis-keys'
import type { RedisClient } from '@mopl/infrastructure/redis'
import * as v from 'valibot'
import type { Direction } from '../http/page.ts'

const scanCount = 1_000
const memberJson = v.pipe(v.string(), v.parseJson(), RoomMember)

export type Slice = { members: RoomMember[]; totalCount: number }
type Range = { direction: Direction; after: string | undefined; limit: number }

/**
 * KEYS: room, its order. ARGV: the command, its two bounds, how many. One script, so that the page, its members and the
 * count are of one moment.
 */
const sliceScript = `
local entries = redis.call(ARGV[1], KEYS[2], ARGV[2], ARGV[3], 'LIMIT', 0, ARGV[4])
local members = {}
for i, entry in ipairs(entries) do
  members[i] = redis.call('HGET', KEYS[1], string.sub(entry, string.find(entry, ':', 1, true) + 1))
end
return { redis.call('HLEN', KEYS[1]), members }
`
const SliceAnswer = v.tuple([v.number(), v.array(v.nullable(memberJson))])

/** The members after the session `after`, in order of joining, and the number of all. */
export async function readSlice(redis: RedisClient, contentId: string, range: Range): Promise<Slice> {
  const answer = await redis.eval(
    sliceScript,
    2,
    redisKeys.room(contentId),
    redisKeys.roomSince(contentId),
    ...lexRange(range),
    range.limit,
  )
  const [totalCount, members] = v.parse(SliceAnswer, answer)
  return { totalCount, members: members.filter((member) => member !== null) }
}

/** All scores are 0, so that entries sort by their text, and UUIDv7 session ids by time. `;` follows `:`. */
function lexRange({ direction, after }: Range): [string, string, string] {
  if (direction === 'ASCENDING') return ['ZRANGEBYLEX', after === undefined ? '-' : `[${after};`, '+']
  return ['ZREVRANGEBYLEX', after === undefined ? '+' : `(${after}:`, '-']
}

/** As `readSlice`, of the members whose name contains `name`: names are not ordered in Redis, so that all are read. */
export async function readSliceByName(
  redis: RedisClient,
  contentId: string,
  name: string,
  { direction, after, limit }: Range,
): Promise<Slice> {
  const wanted = name.toLowerCase()
  const found = new Map<string, RoomMember>()
  for await (const member of scanRoom(redis, contentId))
    if (member.watcher.name.toLowerCase().includes(wanted)) found.set(member.watcher.userId, member)
  const sign = direction === 'ASCENDING' ? 1 : -1
  const members = [...found.values()]
    .filter(({ id }) => after === undefined || compare(id, after) * sign > 0)
    .sort((one, other) => compare(one.id, other.id) * sign)
  return { totalCount: found.size, members: members.slice(0, limit) }
}

/** In steps, so that a giant room does not hold up Redis. A member may come twice. */
async function* scanRoom(redis: RedisClient, contentId: string): AsyncGenerator<RoomMember> {
  let position = '0'
  do {
    const [next, entries] = await redis.hscan(redisKeys.room(contentId), position, 'COUNT', scanCount)
    for (const [index, entry] of entries.entries()) if (index % 2 === 1) yield v.parse(memberJson, entry)
    position = next
  } while (position !== '0')
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}

/** What the user watches now; `undefined` when nothing. */
export async function findMembership(
  redis: RedisClient,
  userId: string,
): Promise<{ contentId: string; member: RoomMember } | undefined> {
  const contentId = await redis.hget(redisKeys.watching(userId), 'contentId')
  if (contentId === null) return undefined
  const json = await redis.hget(redisKeys.room(contentId), userId)
  return json === null ? undefined : { contentId, member: v.parse(memberJson, json) }
}
