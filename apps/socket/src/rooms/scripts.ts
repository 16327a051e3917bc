/**
 * Every change of a room is one of these scripts: atomic, harmless when repeated, publishing what it changed.
 *
 * `refs` holds a field `userId|nodeId` for every node through which the user watches, and `userId|` with their number,
 * so that "is this the last one" costs the same in a room of ten and of a hundred thousand.
 */
import { RoomMember } from '@mopl/contracts/realtime'
import { redisKeys } from '@mopl/contracts/redis-keys'
import type { Redis } from 'ioredis'
import * as v from 'valibot'
import { redisScript } from '../redis-script.ts'
import { playbackLua } from './playback-lua.ts'
import { roomMark } from './room-channel.ts'
import { forgetWatching, rememberWatching } from './watched-rooms.ts'

/** KEYS room, since, refs. ARGV userId, nodeId, member (JSON), the member's session id. Returns changed, member in force, count. */
const join = redisScript(`
local user, node = ARGV[1], ARGV[2]
if redis.call('HSETNX', KEYS[3], user .. '|' .. node, 1) == 1 then
  redis.call('HINCRBY', KEYS[3], user .. '|', 1)
end
local present = redis.call('HGET', KEYS[1], user)
if present then
  return {0, present, redis.call('HLEN', KEYS[1])}
end
redis.call('HSET', KEYS[1], user, ARGV[3])
redis.call('ZADD', KEYS[2], 0, ARGV[4] .. ':' .. user)
local count = redis.call('HLEN', KEYS[1])
redis.call('SPUBLISH', KEYS[1], '{"kind":"JOIN","member":' .. ARGV[3] .. ',"watcherCount":' .. count .. '}')
return {1, ARGV[3], count}
`)

/**
 * KEYS room, since, refs, playback. ARGV userId, nodeId, room mark. Returns changed, the member that left, count. A host who
 * leaves passes on to whoever has been there longest; the last to leave takes the playback along.
 */
const leave = redisScript(`${playbackLua}
local user, node = ARGV[1], ARGV[2]
if redis.call('HDEL', KEYS[3], user .. '|' .. node) == 0 then return {0} end
if redis.call('HINCRBY', KEYS[3], user .. '|', -1) > 0 then return {0} end
redis.call('HDEL', KEYS[3], user .. '|')
local member = redis.call('HGET', KEYS[1], user)
if not member then return {0} end
redis.call('HDEL', KEYS[1], user)
redis.call('ZREM', KEYS[2], cjson.decode(member).id .. ':' .. user)
local count = redis.call('HLEN', KEYS[1])
redis.call('SPUBLISH', KEYS[1], '{"kind":"LEAVE","member":' .. member .. ',"watcherCount":' .. count .. '}')
if count == 0 then
  redis.call('DEL', KEYS[4])
elseif redis.call('HGET', KEYS[4], 'host') == user then
  local state = readPlayback(KEYS[4], KEYS[1], KEYS[2])
  state.action, state.by = 'leave', user
  writePlayback(KEYS[4], KEYS[1], ARGV[3], state)
end
return {1, member, count}
`)

/** KEYS room. ARGV userId, member (JSON), the member's session id. Returns told, count. */
const tellGone = redisScript(`
local present = redis.call('HGET', KEYS[1], ARGV[1])
if present and cjson.decode(present).id == ARGV[3] then return {0, 0} end
local count = redis.call('HLEN', KEYS[1])
redis.call('SPUBLISH', KEYS[1], '{"kind":"LEAVE","member":' .. ARGV[2] .. ',"watcherCount":' .. count .. '}')
return {1, count}
`)

export type RoomChange = { member: RoomMember; watcherCount: number }
export type Joined = RoomChange & { changed: boolean }

const MemberJson = v.pipe(v.string(), v.parseJson(), RoomMember)
const JoinReply = v.tuple([v.number(), MemberJson, v.number()])
const TellGoneReply = v.tuple([v.number(), v.number()])
const LeaveReply = v.union([v.tuple([v.literal(1), MemberJson, v.number()]), v.tuple([v.literal(0)])])

/** Puts the user into the room through this node. `member` is the one in force: the given one only when the user was not there yet. */
export async function joinRoom(
  redis: Redis,
  contentId: string,
  nodeId: string,
  candidate: RoomMember,
): Promise<Joined> {
  const { userId } = candidate.watcher
  const reply = await join(redis, roomKeys(contentId), [userId, nodeId, JSON.stringify(candidate), candidate.id])
  const [changed, member, watcherCount] = v.parse(JoinReply, reply)
  await rememberWatching(redis, userId, contentId, member.id)
  return { changed: changed === 1, member, watcherCount }
}

/** Takes away this node's part; the user has left, and is returned, when it was the last node's. */
export async function leaveRoom(
  redis: Redis,
  contentId: string,
  nodeId: string,
  userId: string,
): Promise<RoomChange | undefined> {
  const keys = [...roomKeys(contentId), redisKeys.playback(contentId)]
  const reply = v.parse(LeaveReply, await leave(redis, keys, [userId, nodeId, roomMark(contentId)]))
  if (reply[0] === 0) return undefined
  const [, member, watcherCount] = reply
  await forgetWatching(redis, userId, contentId, member.id)
  return { member, watcherCount }
}

/** Tells the room that this session is over, unless it is in force. For sessions that Redis has forgotten. */
export async function tellSessionGone(
  redis: Redis,
  contentId: string,
  member: RoomMember,
): Promise<RoomChange | undefined> {
  const args = [member.watcher.userId, JSON.stringify(member), member.id]
  const [told, watcherCount] = v.parse(TellGoneReply, await tellGone(redis, [redisKeys.room(contentId)], args))
  return told === 1 ? { member, watcherCount } : undefined
}

function roomKeys(contentId: string): string[] {
  return [redisKeys.room(contentId), redisKeys.roomSince(contentId), redisKeys.roomRefs(contentId)]
}
