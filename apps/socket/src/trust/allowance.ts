/** So much a second on average, and more at once after a while of quiet: a token bucket that needs no timer (GCRA, ATM Forum TM 4.0). */

/** A full bucket holds what this many seconds bring: joining several rooms in one burst is nothing unusual. */
export const burstSeconds = 10

export class Allowance {
  readonly #perSecond: number
  /** What was taken so far is earned by then. */
  #earnedAtMs = 0

  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** Takes so much, and answers whether it was there to be taken. `nowMs` of any clock that does not go back. */
  take(amount: number, nowMs: number): boolean {
    this.#earnedAtMs = Math.max(this.#earnedAtMs, nowMs) + (amount / this.#perSecond) * 1_000
    return this.#earnedAtMs - nowMs <= burstSeconds * 1_000
  }

  isFull(nowMs: number): boolean {
    return this.#earnedAtMs <= nowMs
  }
}
