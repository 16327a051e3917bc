/** One room that somebody here is in: what comes over its channel goes out to its local subscribers. */
import type { AccessTokenClaims } from '@mopl/contracts/access-token'
import { type ContentSummary, RoomMessage, type WatchMessage } from '@mopl/contracts/realtime'
import type { Log } from '@mopl/infrastructure/log'
import type { Redis } from 'ioredis'
import * as v from 'valibot'
import { destinationOf } from '../destinations.ts'
import type { FanOut, Message } from '../fan-out.ts'
import type { Lookup } from '../lookup.ts'
import { Chat } from './chat.ts'
import { Gatherer } from './gatherer.ts'
import { type Packet, readFence, readPacket, readRecount } from './room-channel.ts'
import { watchBudget, WatchTicks } from './watch-ticks.ts'

const RoomMessageJson = v.pipe(v.string(), v.parseJson(), RoomMessage)

export type RoomDeps = {
  redis: Redis
  fanOut: FanOut
  contents: Pick<Lookup<ContentSummary>, 'get'>
  log: Log
  /** Called with the number of changes that are not told one by one. */
  onOmitted: (changes: number) => void
}

/** Since the link to Redis was lost: lines may be missing, and those that come wait until the missing ones are told. */
export type Gap = { filled: Promise<void>; fill: () => void }

export class Room {
  readonly contentId: string
  readonly chat: Chat
  /** Of somebody who is or was here: in whose name the api is asked. */
  claims: AccessTokenClaims
  /** As last seen. JOIN and LEAVE carry it; a fresh one is fetched behind them, so that they never wait or change order. */
  content: ContentSummary
  readonly #deps: RoomDeps
  readonly #changes: WatchTicks
  /** Chat that comes in to be told here. */
  readonly #lines: Gatherer<Message>
  /** The last line told here. */
  #lastLineId: string | undefined
  readonly #openedAtMs = performance.now()
  #gap: Gap | undefined
  #gaps = 0
  readonly #fences = new Map<string, () => void>()
  readonly #recounts = new Set<string>()
  readonly #witnesses = new Set<(lines: readonly Message[]) => void>()

  constructor(deps: RoomDeps, contentId: string, content: ContentSummary, claims: AccessTokenClaims) {
    const { redis, fanOut } = deps
    this.#deps = deps
    this.contentId = contentId
    this.content = content
    this.claims = claims
    this.chat = new Chat(redis, contentId)
    this.#lines = new Gatherer((lines) => this.#tellLines(lines))
    this.#changes = new WatchTicks({
      tickMs: watchBudget.tickMs,
      countReceivers: () => fanOut.countSubscribers(destinationOf('contents/watch', contentId)),
      send: (change, omitted) => this.#tellChange(change, omitted),
    })
  }

  /** A text from the room's channel. They must come in the channel's order. */
  deliver(text: string): void {
    const packet = readPacket(text)
    if (packet !== undefined) return this.#deliverPacket(packet)
    const fence = readFence(text)
    if (fence !== undefined) return this.#passFence(fence)
    const recount = readRecount(text)
    if (recount !== undefined && !this.#recounts.delete(recount.mark)) return
    const parsed = v.safeParse(RoomMessageJson, recount?.message ?? text)
    if (!parsed.success) return this.#deps.log.warn({ contentId: this.contentId }, 'unreadable room message dropped')
    if (recount === undefined) this.#changes.add(parsed.output)
    else this.#changes.recount(parsed.output)
  }

  /**
   * Settles when the fence has come over the channel. From there on `witness` is shown every chat line that is told here,
   * or waits to be, until `close`.
   */
  expectFence(fence: string, witness: (lines: readonly Message[]) => void): { passed: Promise<void>; close(): void } {
    const passed = new Promise<void>((resolve) => {
      this.#fences.set(fence, () => {
        this.#witnesses.add(witness)
        resolve()
      })
    })
    const close = () => {
      this.#fences.delete(fence)
      this.#witnesses.delete(witness)
    }
    return { passed, close }
  }

  /** A recount under this mark is for this room. */
  expectRecount(mark: string): void {
    this.#recounts.add(mark)
  }

  get gap(): Gap | undefined {
    return this.#gap
  }

  /** How often the link was lost. Whoever reads meanwhile what is kept cannot tell what to expect from here. */
  get gaps(): number {
    return this.#gaps
  }

  /** What was told last, and how long there has been anybody to tell. */
  get told(): { lastLineId: string | undefined; forMs: number } {
    return { lastLineId: this.#lastLineId, forMs: performance.now() - this.#openedAtMs }
  }

  /** The link to Redis is lost: nothing is told until `fill` brings what is missing. */
  openGap(): void {
    this.#lines.flush()
    this.#gaps += 1
    this.#recounts.clear()
    // Another one, for which the same wait.
    this.#gap = { ...(this.#gap ?? newGap()) }
  }

  /** Tells the lines that were missed in this gap and those that have come since, unless the link was lost once more. */
  fill(gap: Gap, lines: readonly Message[]): void {
    if (this.#gap !== gap) return
    this.#gap = undefined
    if (lines.length > 0) this.#tellLines(lines)
    gap.fill()
  }

  /** Tells at once whatever chat is held for company. */
  flushLines(): void {
    this.#lines.flush()
  }

  close(): void {
    this.#changes.close()
    this.#lines.close()
    const gap = this.#gap
    this.#gap = undefined
    gap?.fill()
  }

  #deliverPacket({ kind, held, messages }: Packet): void {
    if (kind !== 'contents/chat') return this.#deps.fanOut.publishAll(destinationOf(kind, this.contentId), messages)
    // Whoever reads what is missing finds them there, or is a witness.
    if (this.#gap !== undefined) return this.#show(messages)
    for (const message of messages) this.#lines.add(message)
    // They have waited for company where they were said.
    if (held) this.#lines.flush()
  }

  #passFence(fence: string): void {
    const pass = this.#fences.get(fence)
    if (pass === undefined) return
    // What came before the fence is told before it.
    this.#lines.flush()
    pass()
  }

  #tellLines(lines: readonly Message[]): void {
    this.#lastLineId = lines.at(-1)?.id
    this.#show(lines)
    this.#deps.fanOut.publishAll(destinationOf('contents/chat', this.contentId), lines)
  }

  #show(lines: readonly Message[]): void {
    for (const witness of this.#witnesses) witness(lines)
  }

  #tellChange({ kind: type, member, watcherCount }: RoomMessage, omitted: number): void {
    const watchingSession = { ...member, content: this.content }
    const message: WatchMessage = { type, watchingSession, watcherCount, ...(omitted > 0 && { omitted }) }
    this.#deps.fanOut.publish(destinationOf('contents/watch', this.contentId), JSON.stringify(message))
    if (omitted > 0) this.#deps.onOmitted(omitted)
    this.#refresh()
  }

  #refresh(): void {
    this.#deps.contents.get(this.contentId, this.claims).then(
      (content) => {
        this.content = content
      },
      // What was last seen is good enough.
      () => undefined,
    )
  }
}

function newGap(): Gap {
  let fill = () => {}
  const filled = new Promise<void>((resolve) => {
    fill = resolve
  })
  return { filled, fill }
}
