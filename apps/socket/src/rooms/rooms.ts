/** The rooms that somebody here is in: what comes over a room's channel goes out to its local subscribers. */
import type { AccessTokenClaims } from '@mopl/contracts/access-token'
import { type ChatMessage, type ContentSummary, RoomMessage, type WatchMessage } from '@mopl/contracts/realtime'
import { channels } from '@mopl/contracts/redis-keys'
import type { Log } from '@mopl/infrastructure/log'
import * as v from 'valibot'
import type { Channels } from '../channels.ts'
import { destinationOf } from '../destinations.ts'
import type { FanOut } from '../fan-out.ts'
import type { Lookup } from '../lookup.ts'

type Room = {
  contentId: string
  /** As last seen. JOIN and LEAVE carry it; a fresh one is fetched behind them, so that they never wait or change order. */
  content: ContentSummary
  /** Of somebody who is or was here: in whose name the api is asked. */
  claims: AccessTokenClaims
  users: number
}

const RoomMessageJson = v.pipe(v.string(), v.parseJson(), RoomMessage)

export type RoomsDeps = { channels: Channels; fanOut: FanOut; contents: Lookup<ContentSummary>; log: Log }

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
  async open(contentId: string, claims: AccessTokenClaims): Promise<{ ready: Promise<void>; close: () => void }> {
    const content = await this.#deps.contents.get(contentId, claims)
    const room = this.#rooms.get(contentId) ?? { contentId, content, claims, users: 0 }
    this.#rooms.set(contentId, Object.assign(room, { content, claims, users: room.users + 1 }))
    const channel = this.#deps.channels.open(channels.room(contentId), (text) => this.#deliver(room, text))
    return { ready: channel.ready, close: () => this.#leave(room, channel.close) }
  }

  #leave(room: Room, close: () => void): void {
    room.users -= 1
    if (room.users === 0) this.#rooms.delete(room.contentId)
    close()
  }

  #deliver(room: Room, text: string): void {
    const parsed = v.safeParse(RoomMessageJson, text)
    if (!parsed.success) return this.#deps.log.warn({ contentId: room.contentId }, 'unreadable room message dropped')
    const message = parsed.output
    if (message.kind === 'CHAT') {
      const { sender, content } = message
      return this.#send('contents/chat', room, { sender, content } satisfies ChatMessage)
    }
    const watchingSession = { ...message.member, content: room.content }
    const { kind: type, watcherCount } = message
    this.#send('contents/watch', room, { type, watchingSession, watcherCount } satisfies WatchMessage)
    this.#refresh(room)
  }

  #send(kind: 'contents/chat' | 'contents/watch', room: Room, payload: object): void {
    this.#deps.fanOut.publish(destinationOf(kind, room.contentId), JSON.stringify(payload))
  }

  #refresh(room: Room): void {
    this.#deps.contents.get(room.contentId, room.claims).then(
      (content) => {
        room.content = content
      },
      // What was last seen is good enough.
      () => undefined,
    )
  }
}
