/** Watching together: what a room plays, from where and how fast, as of one moment of the one clock. */
import { redisKeys } from '@mopl/contracts/redis-keys'
import { Uuid } from '@mopl/contracts/scalars'
import type { Redis } from 'ioredis'
import * as v from 'valibot'
import type { Message } from '../fan-out.ts'
import { redisScript } from '../redis-script.ts'
import { playbackLua } from './playback-lua.ts'
import { roomMark } from './room-channel.ts'

const longestMs = 24 * 60 * 60 * 1_000

const Position = v.pipe(
  v.number('숫자여야 합니다.'),
  v.integer('정수여야 합니다.'),
  v.minValue(0, '0 이상이어야 합니다.'),
  v.maxValue(longestMs, `${longestMs} 이하여야 합니다.`),
)
const Rate = v.pipe(
  v.number('숫자여야 합니다.'),
  v.minValue(0.25, '0.25 이상이어야 합니다.'),
  v.maxValue(4, '4 이하여야 합니다.'),
)
const common = {
  positionMs: v.optional(Position),
  /** The version the sender acted on: anything newer makes the command stale. */
  ifVersion: v.optional(v.pipe(v.number('숫자여야 합니다.'), v.safeInteger('정수여야 합니다.'))),
}
export const PlaybackCommand = v.variant(
  'action',
  [
    v.object({ ...common, action: v.literal('play') }),
    v.object({ ...common, action: v.literal('pause') }),
    v.object({ ...common, action: v.literal('seek'), positionMs: Position }),
    v.object({ ...common, action: v.literal('rate'), rate: Rate }),
    v.object({
      ...common,
      action: v.literal('control'),
      control: v.picklist(['everyone', 'host'], 'everyone 또는 host여야 합니다.'),
    }),
    v.object({ ...common, action: v.literal('host'), userId: v.pipe(v.string('문자열이어야 합니다.'), Uuid) }),
  ],
  'play, pause, seek, rate, control, host 중 하나여야 합니다.',
)
export type PlaybackCommand = v.InferOutput<typeof PlaybackCommand>

/** KEYS room, since, playback. ARGV userId, room mark, action, position, rate, control, host, version acted on. Returns outcome, version. */
const command = redisScript(`${playbackLua}
local user, mark, action, position, rate, control, host, acted = unpack(ARGV)
if redis.call('HEXISTS', KEYS[1], user) == 0 then return {'not-watching', 0} end
local state = readPlayback(KEYS[3], KEYS[1], KEYS[2])
local version = tonumber(state.version)
local isForHost = state.control == 'host' or action == 'control' or action == 'host'
if isForHost and state.host ~= user then return {'not-host', version} end
if acted ~= '' and tonumber(acted) < version then return {'stale', version} end
if action == 'host' and redis.call('HEXISTS', KEYS[1], host) == 0 then return {'not-watching', version} end
local now = clockMs()
local played = tonumber(state.playing) == 1 and math.max(0, now - state.at) * state.rate or 0
state.position = math.floor(math.min(longestMs, tonumber(position) or state.position + played))
state.at, state.action, state.by = now, action, user
if action == 'play' then state.playing = 1 end
if action == 'pause' then state.playing = 0 end
if rate ~= '' then state.rate = rate end
if control ~= '' then state.control = control end
if host ~= '' then state.host = host end
writePlayback(KEYS[3], KEYS[1], mark, state)
return {'applied', state.version}
`)

/** KEYS room, since, playback. Returns version, state. */
const read = redisScript(`${playbackLua}
local state = readPlayback(KEYS[3], KEYS[1], KEYS[2])
return {tonumber(state.version), describePlayback(state)}
`)

export const outcomes = ['applied', 'stale', 'not-host', 'not-watching'] as const
export type Outcome = (typeof outcomes)[number]

const CommandReply = v.tuple([v.picklist(outcomes), v.number()])
const ReadReply = v.tuple([v.number(), v.string()])

/** Carries out a command of a watcher, or says why not; `version` is the one in force. Rejects when Redis is away. */
export async function commandPlayback(
  redis: Redis,
  contentId: string,
  userId: string,
  given: PlaybackCommand,
): Promise<{ outcome: Outcome; version: number }> {
  const [rate, control, host] = [
    given.action === 'rate' ? given.rate : '',
    given.action === 'control' ? given.control : '',
    given.action === 'host' ? given.userId : '',
  ]
  const args = [given.action, given.positionMs ?? '', rate, control, host, given.ifVersion ?? ''].map(String)
  const reply = await command(redis, playbackKeys(contentId), [userId, roomMark(contentId), ...args])
  const [outcome, version] = v.parse(CommandReply, reply)
  return { outcome, version }
}

/** The state in force, as a message like those that tell of changes. */
export async function readPlayback(redis: Redis, contentId: string): Promise<Message> {
  const [version, body] = v.parse(ReadReply, await read(redis, playbackKeys(contentId), []))
  return { id: `${version}-${roomMark(contentId)}`, body }
}

function playbackKeys(contentId: string): string[] {
  return [redisKeys.room(contentId), redisKeys.roomSince(contentId), redisKeys.playback(contentId)]
}
