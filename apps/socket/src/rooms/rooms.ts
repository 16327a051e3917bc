/** The rooms that somebody here is in: what comes over a room's channel goes out to its local subscribers. */
import type { AccessTokenClaims } from '@mopl/contracts/access-token'
import { type ChatMessage, type ContentSummary, RoomMessage, type WatchMessage } from '@mopl/contracts/realtime'
import { channels } from '@mopl/contracts/redis-keys'
import type { Log } from '@mopl/infrastructure/log'
import type { Redis } from 'ioredis'
import * as v from 'valibot'
import type { Channels } from '../channels.ts'
import { destinationOf } from '../destinations.ts'
import type { FanOut, Message } from '../fan-out.ts'
import type { Lookup } from '../lookup.ts'
import { Chat } from './chat.ts'
import { Gatherer } from './gatherer.ts'
import { type Packet, readPacket } from './room-channel.ts'
import { watchBudget, WatchTicks } from './watch-ticks.ts'

type Room = {
  contentId: string
  /** As last seen. JOIN and LEAVE carry it; a fresh one is fetched behind them, so that they never wait or change order. */
  content: ContentSummary
  /** Of somebody who is or was here: in whose name the api is asked. */
  claims: AccessTokenClaims
  users: number
  changes: WatchTicks
  /** Chat: what is said here, and what comes in to be told here. */
  chat: Chat
  lines: Gatherer<Message>
}

const RoomMessageJson = v.pipe(v.string(), v.parseJson(), RoomMessage)

export type RoomsDeps = {
  redis: Redis
  channels: Channels
  fanOut: FanOut
  contents: Lookup<ContentSummary>
  log: Log
  /** Called with the number of changes that are not told one by one. */
  onOmitted: (changes: number) => void
}

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
    const room = this.#rooms.get(contentId) ?? this.#newRoom(contentId, content, claims)
    this.#rooms.set(contentId, Object.assign(room, { content, claims, users: room.users + 1 }))
    const channel = this.#deps.channels.open(channels.room(contentId), (text) => this.#deliver(room, text))
    return { ready: channel.ready, close: () => this.#leave(room, channel.close) }
  }

  /** Says something in the room. Returns when Redis has the line; rejects when Redis is away. */
  async say(contentId: string, line: ChatMessage): Promise<void> {
    const chat = this.#rooms.get(contentId)?.chat ?? new Chat(this.#deps.redis, contentId)
    await chat.say(line)
  }

  #newRoom(contentId: string, content: ContentSummary, claims: AccessTokenClaims): Room {
    const { fanOut, redis } = this.#deps
    const destination = destinationOf('contents/watch', contentId)
    const chatDestination = destinationOf('contents/chat', contentId)
    const changes = new WatchTicks({
      tickMs: watchBudget.tickMs,
      countReceivers: () => fanOut.countSubscribers(destination),
      send: (change, omitted) => this.#tell(room, change, omitted),
    })
    const chat = new Chat(redis, contentId)
    const lines = new Gatherer<Message>((messages) => fanOut.publishAll(chatDestination, messages))
    const room = { contentId, content, claims, users: 0, changes, chat, lines }
    return room
  }

  #leave(room: Room, close: () => void): void {
    room.users -= 1
    if (room.users === 0) {
      this.#rooms.delete(room.contentId)
      room.changes.close()
    }
    close()
  }

  #deliver(room: Room, text: string): void {
    const packet = readPacket(text)
    if (packet !== undefined) return this.#deliverPacket(room, packet)
    const parsed = v.safeParse(RoomMessageJson, text)
    if (parsed.success) room.changes.add(parsed.output)
    else this.#deps.log.warn({ contentId: room.contentId }, 'unreadable room message dropped')
  }

  #deliverPacket(room: Room, { held, messages }: Packet): void {
    for (const message of messages) room.lines.add(message)
    // They have waited for company where they were said.
    if (held) room.lines.flush()
  }

  #tell(room: Room, { kind: type, member, watcherCount }: RoomMessage, omitted: number): void {
    const watchingSession = { ...member, content: room.content }
    const message: WatchMessage = { type, watchingSession, watcherCount, ...(omitted > 0 && { omitted }) }
    this.#deps.fanOut.publish(destinationOf('contents/watch', room.contentId), JSON.stringify(message))
    if (omitted > 0) this.#deps.onOmitted(omitted)
    this.#refresh(room)
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
