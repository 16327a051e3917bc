/** The rooms that somebody here is in, each listened to as long as that is so. */
import { randomUUID } from 'node:crypto'
import type { AccessTokenClaims } from '@mopl/contracts/access-token'
import type { ChatMessage } from '@mopl/contracts/realtime'
import { channels, redisKeys } from '@mopl/contracts/redis-keys'
import { inParts } from '@mopl/infrastructure/in-parts'
import type { Redis } from 'ioredis'
import type { Channels } from '../channels.ts'
import type { Subscription } from '../stomp/subscription.ts'
import { destinationOf } from '../destinations.ts'
import { within } from '../within.ts'
import { Chat } from './chat.ts'
import { readFrom, readMissedLines } from './missed-lines.ts'
import { readPlayback } from './playback.ts'
import { Room, type RoomDeps } from './room.ts'
import { recountRoom } from './scripts.ts'

/** `leave` is the same for all who opened it. */
type OpenRoom = { room: Room; users: number; leave: () => void }

/** Rooms to catch up at the same time, so that a big node does not run into Redis' command deadline. */
const caughtUpAtOnce = 200
const caughtUpWithinMs = 2_000

export type RoomsDeps = RoomDeps & {
  channels: Channels
  /** Called when it turns out that the content is deleted. */
  onClosed: (contentId: string) => void
}

export class Rooms {
  readonly #deps: RoomsDeps
  readonly #rooms = new Map<string, OpenRoom>()

  constructor(deps: RoomsDeps) {
    this.#deps = deps
  }

  get size(): number {
    return this.#rooms.size
  }

  /**
   * From `ready` on, everything published in the room reaches its local subscribers, until `close`.
   *
   * @throws {AppError} CONTENT_NOT_FOUND; UNAVAILABLE
   */
  async open(
    contentId: string,
    claims: AccessTokenClaims,
  ): Promise<{ room: Room; ready: Promise<void>; close: () => void }> {
    const content = await this.#deps.contents.get(contentId, claims)
    const deliver = (text: string) => this.#rooms.get(contentId)?.room.deliver(text)
    const { ready, close } = this.#deps.channels.open(channels.room(contentId), deliver)
    const open = this.#rooms.get(contentId) ?? this.#add(new Room(this.#deps, contentId, content, claims), close)
    const { room, leave } = open
    room.content = content
    room.claims = claims
    open.users += 1
    return { room, ready, close: leave }
  }

  /** The link to Redis is lost: what is published meanwhile reaches nobody here by itself. */
  linkLost(): void {
    for (const { room } of this.#rooms.values()) room.openGap()
  }

  /** Tells what was missed while the link was down, once it is back. Rejects when that did not work everywhere: to be tried again. */
  async catchUp(): Promise<void> {
    const open = [...this.#rooms.values()].filter(({ room }) => room.gap !== undefined)
    await inParts(open, caughtUpAtOnce, ({ room }) => this.#catchUp(room))
  }

  /** Opens the room for as long as the subscription lasts. `undefined` when that has ended meanwhile. Throws as `open` does. */
  async enter(contentId: string, subscription: Subscription, claims: AccessTokenClaims): Promise<Room | undefined> {
    const { room, ready, close } = await this.open(contentId, claims)
    subscription.defer(close)
    await ready
    // What comes first is not for whoever comes now.
    if (room.gap !== undefined) await within(caughtUpWithinMs, room.gap.filled)
    return subscription.ended ? undefined : room
  }

  /** Says something in the room. Returns when Redis has the line; rejects when Redis is away. */
  async say(contentId: string, line: ChatMessage): Promise<void> {
    const chat = this.#rooms.get(contentId)?.room.chat ?? new Chat(this.#deps.redis, contentId)
    await chat.say(line)
  }

  async #catchUp(room: Room): Promise<void> {
    const { redis, fanOut } = this.#deps
    const { contentId, gap } = room
    if (gap === undefined) return
    if ((await redis.exists(redisKeys.roomClosed(contentId))) === 1) this.#deps.onClosed(contentId)
    await readMissedLines(redis, room, await untoldFrom(redis, room), (lines) => room.fill(gap, lines))
    const [playback, watch] = [
      destinationOf('contents/playback', contentId),
      destinationOf('contents/watch', contentId),
    ]
    try {
      if (fanOut.countSubscribers(playback) > 0) fanOut.publishAll(playback, [await readPlayback(redis, contentId)])
      if (fanOut.countSubscribers(watch) > 0) {
        const mark = randomUUID()
        room.expectRecount(mark)
        await recountRoom(redis, contentId, mark)
      }
    } catch (error) {
      room.openGap()
      throw error
    }
  }

  #add(room: Room, closeChannel: () => void): OpenRoom {
    const open: OpenRoom = { room, users: 0, leave: () => this.#leave(open, closeChannel) }
    this.#rooms.set(room.contentId, open)
    return open
  }

  #leave(open: OpenRoom, closeChannel: () => void): void {
    open.users -= 1
    if (open.users === 0) {
      this.#rooms.delete(open.room.contentId)
      open.room.close()
    }
    closeChannel()
  }
}

/** Where the lines begin that nobody here was told: after the last one told, or since there is anybody here. */
async function untoldFrom(redis: Redis, room: Room): Promise<string> {
  const { lastLineId } = room.told
  if (lastLineId !== undefined) return readFrom(room.contentId, lastLineId)
  const [seconds, microseconds] = await redis.time()
  return String(Math.floor(Number(seconds) * 1_000 + Number(microseconds) / 1_000 - room.told.forMs))
}
