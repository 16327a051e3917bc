/**
 * Events on their way to Kafka that nobody waits for. They are sent in order, and what Kafka has not acknowledged is sent
 * again until it has: Kafka being away for minutes costs memory. An event may arrive twice, under its one id; that one
 * arrives before an older one of its key cannot be ruled out, which is why counts carry their revision.
 */
import type { MoplEvent } from '@mopl/contracts/events'

export type EventQueueOptions = {
  /** Answers with those that were not acknowledged, in order. */
  send: (events: readonly MoplEvent[]) => Promise<MoplEvent[]>
  /** Between attempts. */
  retryMs: number
  /** More than so many do not wait: the oldest is dropped, because a newer one says more about now. */
  waitingAtMost: number
  onDropped: (count: number) => void
}

/** Handed over at the same time. */
const batchSize = 500

export class EventQueue {
  readonly #options: EventQueueOptions
  #waiting: MoplEvent[] = []
  #underWay = 0
  #work: Promise<void> | undefined
  #isClosing = false
  #stopPausing: () => void = () => undefined

  constructor(options: EventQueueOptions) {
    this.#options = options
  }

  /** Not yet acknowledged. */
  get size(): number {
    return this.#waiting.length + this.#underWay
  }

  add(event: MoplEvent): void {
    this.#waiting.push(event)
    this.#dropOldest()
    this.#work ??= this.#sendAll()
  }

  /** Tries once more at once, for so long. What is left then is lost with the process, and counted. */
  async close(withinMs: number): Promise<void> {
    this.#isClosing = true
    this.#stopPausing()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs)
    })
    await Promise.race([this.#work, late])
    clearTimeout(timer)
    if (this.size > 0) this.#options.onDropped(this.size)
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const events = this.#waiting.splice(0, batchSize)
      this.#underWay = events.length
      const failed = await this.#options.send(events)
      this.#underWay = 0
      if (failed.length === 0) continue
      this.#waiting = [...failed, ...this.#waiting]
      this.#dropOldest()
      if (this.#isClosing) break
      await this.#pause()
    }
    this.#work = undefined
  }

  #dropOldest(): void {
    const excess = this.#waiting.length - this.#options.waitingAtMost
    if (excess <= 0) return
    this.#waiting.splice(0, excess)
    this.#options.onDropped(excess)
  }

  async #pause(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#stopPausing = resolve
      timer = setTimeout(resolve, this.#options.retryMs)
    })
    clearTimeout(timer)
  }
}
