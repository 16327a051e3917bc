/**
 * JOINs and LEAVEs of one room on their way to its local watchers, bounded whatever the churn: n people coming into a
 * room of n are n² messages. Single messages go out at once until a tick's budget is spent; what comes after is held
 * until the tick ends, where whoever came and went meanwhile is no news, and what does not fit is told as a number only.
 */
import type { RoomMessage } from '@mopl/contracts/realtime'

/** What a tick may cost: messages for one client to handle, deliveries for the process to make. */
export const watchBudget = { tickMs: 1_000, messages: 100, deliveries: 20_000 } as const

export type WatchTicksOptions = {
  tickMs: number
  /** How many local subscribers a message goes to, as of now. */
  countReceivers: () => number
  /** `omitted` is how many changes have been left out since the message before. */
  send: (change: RoomMessage, omitted: number) => void
}

export class WatchTicks {
  readonly #options: WatchTicksOptions
  /** By session id, in the order of the changes. */
  readonly #held = new Map<string, RoomMessage>()
  #told = 0
  #watcherCount = 0
  #newestId: string | undefined
  #missed = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: WatchTicksOptions) {
    this.#options = options
  }

  /** Changes must come in the order in which they happened. */
  add(change: RoomMessage): void {
    this.#remember(change)
    this.#watcherCount = change.watcherCount
    this.#timer ??= this.#startTick()
    if (this.#held.size === 0 && this.#told < this.#budget()) this.#sendLast(change, 0)
    else this.#hold(change)
  }

  /** Takes, in their order, the newest member with the count of then: when that is news, nobody knows how many changes did not come. */
  recount(newest: RoomMessage): void {
    if (newest.watcherCount === this.#watcherCount && newest.member.id === this.#newestId) return
    this.#missed += 1
    this.add(newest)
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#held.clear()
  }

  /** Session ids are UUIDv7: the greatest is the newest. */
  #remember({ kind, member: { id } }: RoomMessage): void {
    if (kind === 'JOIN' && id > (this.#newestId ?? '')) this.#newestId = id
    if (kind === 'LEAVE' && id === this.#newestId) this.#newestId = undefined
  }

  #hold(change: RoomMessage): void {
    const { id } = change.member
    const before = this.#held.get(id)
    const cameAndWent = change.kind === 'LEAVE' && before?.kind === 'JOIN' && before.again !== true
    if (cameAndWent) this.#held.delete(id)
    else this.#held.set(id, change)
  }

  #startTick(): NodeJS.Timeout {
    this.#told = 0
    return setTimeout(() => this.#endTick(), this.#options.tickMs)
  }

  /** What is told now is the first of the next tick: a room that does not calm down gets one budget per tick. */
  #endTick(): void {
    this.#timer = undefined
    if (this.#held.size === 0) return
    this.#timer = this.#startTick()
    const changes = [...this.#held.values()]
    this.#held.clear()
    const told = changes.slice(-this.#budget())
    const last = told.pop()
    for (const change of told) this.#send(change, 0)
    // Later changes may have cancelled each other out: the count is that of now, not of this change.
    const watcherCount = this.#watcherCount
    if (last !== undefined) this.#sendLast({ ...last, watcherCount }, changes.length - told.length - 1)
  }

  /** Nothing is held behind it. */
  #sendLast(change: RoomMessage, omitted: number): void {
    this.#send(change, omitted + this.#missed)
    this.#missed = 0
  }

  #send(change: RoomMessage, omitted: number): void {
    this.#told += 1
    this.#options.send(change, omitted)
  }

  /** At least one, so that the count arrives however many there are. */
  #budget(): number {
    const receivers = Math.max(1, this.#options.countReceivers())
    return Math.max(1, Math.min(watchBudget.messages, Math.floor(watchBudget.deliveries / receivers)))
  }
}
