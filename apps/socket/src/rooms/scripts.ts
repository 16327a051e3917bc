/**
 * Every change of a room is one of these scripts: atomic, harmless when repeated, publishing what it changed.
 *
 * `refs` holds a field `userId|nodeId` for every node through which the user watches, and `userId|` with their number,
 * so that "is this the last one" costs the same in a room of ten and of a hundred thousand.
 */
import { AppError } from '@mopl/contracts/errors'
import { RoomMember } from '@mopl/contracts/realtime'
import { redisKeys, ttlSeconds } from '@mopl/contracts/redis-keys'
import type { Redis } from 'ioredis'
import * as v from 'valibot'
import { redisScript } from '../redis-script.ts'
import { playbackLua } from './playback-lua.ts'
import { recountHead, roomMark } from './room-channel.ts'
import { rememberWatching, watchedSession } from './watched-rooms.ts'

/** Which of two counts of a room is the later one: microseconds by the clock of Redis, which runs one script at a time. */
const revisionLua = `
local function revision()
  local time = redis.call('TIME')
  return time[1] .. string.format('%06d', time[2])
end
`

/**
 * A node that has not noticed yet that Redis lost its data does not know that another one has told the end of a session
 * that both held. So ends are remembered for a while: from the first one on, lest the set of a busy room never ends.
 */
const rememberGoneLua = `
local function rememberGone(key, sessionId)
  local isNew = redis.call('SADD', key, sessionId) == 1
  redis.call('EXPIRE', key, ${ttlSeconds.roomGone}, 'NX')
  return isNew
end
`

/**
 * KEYS room, since, refs, gone, closed. ARGV userId, nodeId, member (JSON), the member's session id, whether it goes on (1).
 * Returns member in force, count, revision; nothing when the room is closed.
 */
const join = redisScript(`${revisionLua}
if redis.call('EXISTS', KEYS[5]) == 1 then return end
local user, node = ARGV[1], ARGV[2]
if redis.call('HSETNX', KEYS[3], user .. '|' .. node, 1) == 1 then
  redis.call('HINCRBY', KEYS[3], user .. '|', 1)
end
local present = redis.call('HGET', KEYS[1], user)
if present then
  return {present, redis.call('HLEN', KEYS[1]), revision()}
end
redis.call('HSET', KEYS[1], user, ARGV[3])
redis.call('ZADD', KEYS[2], 0, ARGV[4] .. ':' .. user)
redis.call('SREM', KEYS[4], ARGV[4])
local count = redis.call('HLEN', KEYS[1])
local again = ARGV[5] == '1' and ',"again":true' or ''
redis.call('SPUBLISH', KEYS[1], '{"kind":"JOIN","member":' .. ARGV[3] .. ',"watcherCount":' .. count .. again .. '}')
return {ARGV[3], count, revision()}
`)

/**
 * KEYS room, since, refs, gone, playback. ARGV userId, nodeId, room mark. Returns what became of the user (`left`, `here`,
 * `absent`), count, revision, and the member that is or was there. A host who leaves passes on to whoever has been there longest; the
 * last to leave takes the playback along.
 */
const leave = redisScript(`${playbackLua}${revisionLua}${rememberGoneLua}
local user, node = ARGV[1], ARGV[2]
local wasThere = redis.call('HDEL', KEYS[3], user .. '|' .. node) == 1
local isLast = wasThere and redis.call('HINCRBY', KEYS[3], user .. '|', -1) <= 0
if isLast then redis.call('HDEL', KEYS[3], user .. '|') end
local member = redis.call('HGET', KEYS[1], user)
if not isLast or not member then
  return {member and 'here' or 'absent', redis.call('HLEN', KEYS[1]), revision(), member}
end
redis.call('HDEL', KEYS[1], user)
local sessionId = cjson.decode(member).id
redis.call('ZREM', KEYS[2], sessionId .. ':' .. user)
rememberGone(KEYS[4], sessionId)
local count = redis.call('HLEN', KEYS[1])
redis.call('SPUBLISH', KEYS[1], '{"kind":"LEAVE","member":' .. member .. ',"watcherCount":' .. count .. '}')
if count == 0 then
  redis.call('DEL', KEYS[5])
elseif redis.call('HGET', KEYS[5], 'host') == user then
  local state = readPlayback(KEYS[5], KEYS[1], KEYS[2])
  state.action, state.by = 'leave', user
  writePlayback(KEYS[5], KEYS[1], ARGV[3], state)
end
return {'left', count, revision(), member}
`)

/** KEYS room, gone. ARGV userId, member (JSON), the member's session id. Returns told, count, revision. */
const tellGone = redisScript(`${revisionLua}${rememberGoneLua}
local count = redis.call('HLEN', KEYS[1])
local present = redis.call('HGET', KEYS[1], ARGV[1])
local isInForce = present and cjson.decode(present).id == ARGV[3]
if isInForce or not rememberGone(KEYS[2], ARGV[3]) then return {0, count, revision()} end
redis.call('SPUBLISH', KEYS[1], '{"kind":"LEAVE","member":' .. ARGV[2] .. ',"watcherCount":' .. count .. '}')
return {1, count, revision()}
`)

/** KEYS room, since. ARGV head. Publishes the newest member as one who joins again, with the count, behind the head. */
const recount = redisScript(`
local newest = redis.call('ZRANGE', KEYS[2], -1, -1)[1]
local member = newest and redis.call('HGET', KEYS[1], string.match(newest, ':(.*)'))
if not member then return end
local count = redis.call('HLEN', KEYS[1])
redis.call('SPUBLISH', KEYS[1], ARGV[1] .. '{"kind":"JOIN","member":' .. member .. ',"watcherCount":' .. count .. ',"again":true}')
`)

/** How many watch, as of when. */
export type RoomCount = { watcherCount: number; revision: number }

const MemberJson = v.pipe(v.string(), v.parseJson(), RoomMember)
const Revision = v.pipe(v.string(), v.transform(Number), v.safeInteger())
const JoinReply = v.nullable(v.tuple([MemberJson, v.number(), Revision]))
const TellGoneReply = v.tuple([v.number(), v.number(), Revision])
const LeaveReply = v.variant('0', [
  v.object({ 0: v.picklist(['left', 'here']), 1: v.number(), 2: Revision, 3: MemberJson }),
  v.object({ 0: v.literal('absent'), 1: v.number(), 2: Revision }),
])

/**
 * Puts the user into the room through this node. `member` is the one in force: the given one only when the user was not there
 * yet. `goesOn` says that the room knows the given one.
 *
 * @throws {AppError} CONTENT_NOT_FOUND when the content is deleted
 */
export async function joinRoom(
  redis: Redis,
  contentId: string,
  nodeId: string,
  candidate: RoomMember,
  goesOn = false,
): Promise<RoomCount & { member: RoomMember }> {
  const { userId } = candidate.watcher
  const keys = [...roomKeys(contentId), redisKeys.roomClosed(contentId)]
  const args = [userId, nodeId, JSON.stringify(candidate), candidate.id, goesOn ? '1' : '0']
  const reply = v.parse(JoinReply, await join(redis, keys, args))
  if (reply === null) throw new AppError('CONTENT_NOT_FOUND')
  const [member, watcherCount, revision] = reply
  await rememberWatching(redis, userId, contentId, member.id)
  return { member, watcherCount, revision }
}

/**
 * Takes away this node's part. Returns the user's session and whether it is over; `undefined` when the user is not in the room
 * any more, and that has been carried through to the profile (`forgetWatching`): whoever took the user out may not have come
 * to it.
 */
export async function leaveRoom(
  redis: Redis,
  contentId: string,
  nodeId: string,
  userId: string,
): Promise<(RoomCount & { sessionId: string; isOver: boolean }) | undefined> {
  const keys = [...roomKeys(contentId), redisKeys.playback(contentId)]
  const reply = v.parse(LeaveReply, await leave(redis, keys, [userId, nodeId, roomMark(contentId)]))
  const count = { watcherCount: reply[1], revision: reply[2] }
  if (reply[0] !== 'absent') return { sessionId: reply[3].id, isOver: reply[0] === 'left', ...count }
  const sessionId = await watchedSession(redis, userId, contentId)
  // Looked up after the user was found absent: somebody who is here now has come in again, with that session.
  if (sessionId === undefined || (await redis.hexists(redisKeys.room(contentId), userId)) === 1) return undefined
  return { sessionId, isOver: true, ...count }
}

/** Tells the room, once, that this session is over, unless it is in force. For sessions that Redis has forgotten. */
export async function tellSessionGone(
  redis: Redis,
  contentId: string,
  member: RoomMember,
): Promise<RoomCount | undefined> {
  const keys = [redisKeys.room(contentId), redisKeys.roomGone(contentId)]
  const args = [member.watcher.userId, JSON.stringify(member), member.id]
  const [told, watcherCount, revision] = v.parse(TellGoneReply, await tellGone(redis, keys, args))
  return told === 1 ? { watcherCount, revision } : undefined
}

/** Publishes how many are in the room, for whoever knows the mark: in the order of the changes. Nothing when it is empty. */
export async function recountRoom(redis: Redis, contentId: string, mark: string): Promise<void> {
  await recount(redis, [redisKeys.room(contentId), redisKeys.roomSince(contentId)], [recountHead(mark)])
}

function roomKeys(contentId: string): string[] {
  const { room, roomSince, roomRefs, roomGone } = redisKeys
  return [room, roomSince, roomRefs, roomGone].map((key) => key(contentId))
}
