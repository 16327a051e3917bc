/** The rooms that somebody here is in, each listened to as long as that is so. */
import type { AccessTokenClaims } from '@mopl/contracts/access-token'
import type { ChatMessage } from '@mopl/contracts/realtime'
import { channels } from '@mopl/contracts/redis-keys'
import type { Channels } from '../channels.ts'
import type { Subscription } from '../stomp/subscription.ts'
import { Chat } from './chat.ts'
import { Room, type RoomDeps } from './room.ts'

export type RoomsDeps = RoomDeps & { channels: Channels }

export class Rooms {
  readonly #deps: RoomsDeps
  readonly #rooms = new Map<string, Room>()

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
    const room = this.#rooms.get(contentId) ?? new Room(this.#deps, contentId, content, claims)
    this.#rooms.set(contentId, room)
    room.content = content
    room.claims = claims
    room.users += 1
    const channel = this.#deps.channels.open(channels.room(contentId), (text) => room.deliver(text))
    return { room, ready: channel.ready, close: () => this.#leave(room, channel.close) }
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
    const chat = this.#rooms.get(contentId)?.chat ?? new Chat(this.#deps.redis, contentId)
    await chat.say(line)
  }

  #leave(room: Room, close: () => void): void {
    room.users -= 1
    if (room.users === 0) {
      this.#rooms.delete(room.contentId)
      room.close()
    }
    close()
  }
}
