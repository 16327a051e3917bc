/**
 * Things that come one by one, handed on together while they come fast: most of what a chat line costs is one write per
 * receiver, so that a busy room is cheaper, and no slower to the eye, when the lines of a few milliseconds share one.
 */

/** Busy is more than about 65 a second; a pause as long as a few lines makes a room calm again at once. */
const busyGapMs = 15
const calmGapMs = 100
/** How much the last gap weighs in the average: some ten lines decide. */
const weight = 0.2
/** With the timer's own granularity of a millisecond this stays below 10 ms. */
const holdMs = 9
const heldAtMost = 100

export class Gatherer<T> {
  readonly #handOn: (items: T[], held: boolean) => void
  #items: T[] = []
  #timer: NodeJS.Timeout | undefined
  #lastAtMs = -Infinity
  #averageGapMs = calmGapMs

  /** `handOn` gets what was gathered, in order, and whether it was held back for company. */
  constructor(handOn: (items: T[], held: boolean) => void) {
    this.#handOn = handOn
  }

  add(item: T, nowMs = performance.now()): void {
    const gapMs = nowMs - this.#lastAtMs
    this.#lastAtMs = nowMs
    this.#averageGapMs = gapMs >= calmGapMs ? calmGapMs : this.#averageGapMs + (gapMs - this.#averageGapMs) * weight
    if (this.#timer === undefined && this.#averageGapMs > busyGapMs) return this.#handOn([item], false)
    this.#items.push(item)
    this.#timer ??= setTimeout(() => this.flush(), holdMs)
    if (this.#items.length >= heldAtMost) this.flush()
  }

  /** Hands on at once what is held. */
  flush(): void {
    if (this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    const items = this.#items
    this.#items = []
    this.#handOn(items, true)
  }

  /** Forgets what is held. */
  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#items = []
  }
}
