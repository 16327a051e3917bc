/** The rooms that somebody here is in, each listened to as long as that is so. */
import type { AccessTokenClaims } from '@mopl/contracts/access-token'
import type { ChatMessage } from '@mopl/contracts/realtime'
import { channels } from '@mopl/contracts/redis-keys'
import type { Channels } from '../channels.ts'
import type { Subscription } from '../stomp/subscription.ts'
import { Chat } from './chat.ts'
import { Room, type RoomDeps } from './room.ts'

/** `leave` is the same for all who opened it. */
type OpenRoom = { room: Room; users: number; leave: () => void }

export type RoomsDeps = RoomDeps & { channels: Channels }

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

  /** Opens the room for as long as the subscription lasts. `undefined` when that has ended meanwhile. Throws as `open` does. */
  async enter(contentId: string, subscription: Subscription, claims: AccessTokenClaims): Promise<Room | undefined> {
    const { room, ready, close } = await this.open(contentId, claims)
    subscription.defer(close)
    await ready
    return subscription.ended ? undefined : room
  }

  /** Says something in the room. Returns when Redis has the line; rejects when Redis is away. */
  async say(contentId: string, line: ChatMessage): Promise<void> {
    const chat = this.#rooms.get(contentId)?.room.chat ?? new Chat(this.#deps.redis, contentId)
    await chat.say(line)
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
