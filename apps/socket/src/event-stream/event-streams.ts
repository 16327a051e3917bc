/**
 * The event streams of this process. A message on a user's channel brings an entry and says which one it follows. Where
 * that is the last one delivered here it is delivered at once; otherwise, and when in doubt, the stream in Redis is read, once
 * for all of the user's connections here. So a lost message costs time, not an event.
 */
import { AppError } from '@mopl/contracts/errors'
import { channels as channelNames } from '@mopl/contracts/redis-keys'
import type { Log } from '@mopl/infrastructure/log'
import type { Redis } from 'ioredis'
import type { Channels } from '../channels.ts'
import type { SocketMetrics } from '../metrics.ts'
import type { EventConnection } from './connection.ts'
import {
  isEntryId,
  isForClients,
  openUserStream,
  readAnnouncement,
  readUserStream,
  type StreamEntry,
} from './user-stream.ts'

type UserStream = {
  userId: string
  readers: Set<EventConnection>
  /** All readers have everything up to here. */
  lastId: string | undefined
  /** Work on one stream is done one piece after the other. */
  work: Promise<void>
  working: number
  users: number
  /** What is new will be read soon. */
  willRead: boolean
}

/** Clients give up after 45 s of silence; the contract promises 15. */
const beatEveryMs = 10_000
/** Prolongs the streams' lives, and finds what a lost announcement did not tell. */
const resyncEveryMs = 60_000

export type EventStreamsDeps = { redis: Redis; channels: Channels; metrics: SocketMetrics; log: Log }

export class EventStreams {
  readonly #deps: EventStreamsDeps
  readonly #streams = new Map<string, UserStream>()
  readonly #timers: NodeJS.Timeout[]
  #stopping = false

  constructor(deps: EventStreamsDeps) {
    this.#deps = deps
    this.#timers = [
      setInterval(() => this.#forEachReader((reader) => reader.beat()), beatEveryMs),
      setInterval(() => this.resyncAll(), resyncEveryMs),
    ]
  }

  /**
   * Starts the stream of one connection: first what it missed since `lastSeenId`, then what comes. `begin` is called once
   * it is certain that this works.
   *
   * @throws {AppError} UNAVAILABLE while the process stops; rejects when Redis is away
   */
  async attach(userId: string, connection: EventConnection, lastSeenId: string, begin: () => void): Promise<void> {
    const stream = this.#streamOf(userId)
    stream.users += 1
    const channel = this.#deps.channels.open(channelNames.eventStream(userId), (text) => this.#announced(stream, text))
    connection.onClosed(() => {
      stream.users -= 1
      stream.readers.delete(connection)
      if (stream.users === 0) this.#streams.delete(userId)
      channel.close()
    })
    await channel.ready
    await this.#inOrder(stream, async () => {
      const lastId = await this.#catchUp(stream)
      const missed = await this.#missed(userId, lastSeenId, lastId)
      // Whoever began now might be overlooked by `close`.
      if (this.#stopping) throw new AppError('UNAVAILABLE', {}, 1)
      begin()
      this.#start(connection, missed, lastId)
      if (!connection.closed) stream.readers.add(connection)
    })
  }

  /** After announcements or the data behind them may have been lost. */
  resyncAll(): void {
    for (const stream of this.#streams.values()) this.#later(stream, () => this.#catchUp(stream))
  }

  /** Begins no streams from now on, also on connections that a gateway keeps. Those that are there go on until `close`. */
  stop(): void {
    this.#stopping = true
  }

  close(): void {
    this.stop()
    for (const timer of this.#timers) clearInterval(timer)
    this.#forEachReader((reader) => reader.end())
  }

  #announced(stream: UserStream, text: string): void {
    const { after, entry } = readAnnouncement(text)
    // Work under way may be about to deliver the same.
    if (entry !== undefined && stream.working === 0 && stream.lastId === after) return this.#deliver(stream, [entry])
    if (stream.willRead) return
    stream.willRead = true
    this.#later(stream, async () => {
      stream.willRead = false
      if (stream.lastId === undefined) return
      const entries = await readUserStream(this.#deps.redis, stream.userId, stream.lastId)
      if (entries === undefined) await this.#catchUp(stream)
      else this.#deliver(stream, entries)
    })
  }

  /** Brings all readers to the end of the stream, or tells them that they missed something. Returns the end. */
  async #catchUp(stream: UserStream): Promise<string> {
    const lastId = await openUserStream(this.#deps.redis, stream.userId)
    if (stream.lastId !== undefined && stream.lastId !== lastId) {
      const entries = await readUserStream(this.#deps.redis, stream.userId, stream.lastId, lastId)
      if (entries !== undefined) this.#deliver(stream, entries)
      else for (const reader of stream.readers) this.#reset(reader, lastId)
    }
    stream.lastId = lastId
    return lastId
  }

  #deliver(stream: UserStream, entries: StreamEntry[]): void {
    for (const entry of entries) {
      stream.lastId = entry.id
      if (isForClients(entry)) for (const reader of stream.readers) this.#event(reader, entry)
    }
  }

  /** The entries a returning client has not seen; `undefined` when nobody can tell, `[]` for a new client. */
  async #missed(userId: string, lastSeenId: string, lastId: string): Promise<StreamEntry[] | undefined> {
    if (lastSeenId === '') return []
    if (!isEntryId(lastSeenId)) return undefined
    return readUserStream(this.#deps.redis, userId, lastSeenId, lastId)
  }

  #start(connection: EventConnection, missed: StreamEntry[] | undefined, lastId: string): void {
    if (missed === undefined) return this.#reset(connection, lastId)
    for (const entry of missed) if (isForClients(entry)) this.#event(connection, entry)
    connection.position(lastId)
  }

  #event(connection: EventConnection, entry: StreamEntry): void {
    connection.event(entry)
    this.#deps.metrics.streamEvents.inc()
  }

  #reset(connection: EventConnection, lastId: string): void {
    connection.event({ id: lastId, event: 'reset', data: '{}' })
    this.#deps.metrics.streamResets.inc()
  }

  #streamOf(userId: string): UserStream {
    const known = this.#streams.get(userId)
    if (known !== undefined) return known
    const stream: UserStream = {
      userId,
      readers: new Set(),
      lastId: undefined,
      work: Promise.resolve(),
      working: 0,
      users: 0,
      willRead: false,
    }
    this.#streams.set(userId, stream)
    return stream
  }

  #inOrder<T>(stream: UserStream, work: () => Promise<T>): Promise<T> {
    stream.working += 1
    const result = stream.work.then(work)
    const settled = () => void (stream.working -= 1)
    stream.work = result.then(settled, settled)
    return result
  }

  /** Nobody waits for it: what fails now is found by the next resync. */
  #later(stream: UserStream, work: () => Promise<unknown>): void {
    this.#inOrder(stream, work).catch((err: unknown) => this.#deps.log.warn({ err }, 'event stream not read'))
  }

  #forEachReader(act: (reader: EventConnection) => void): void {
    for (const stream of this.#streams.values()) for (const reader of stream.readers) act(reader)
  }
}
