/** One allowance for each of many: kept only while it is not full, so that who is quiet costs nothing. */
import { Allowance } from './allowance.ts'

const sweepEvery = 1_000

export class Allowances {
  readonly #perSecond: number
  readonly #allowances = new Map<string, Allowance>()
  #untilSweep = sweepEvery

  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** Takes one, and answers whether it was there to be taken. `nowMs` of any clock that does not go back. */
  take(key: string, nowMs: number): boolean {
    const allowance = this.#allowances.get(key) ?? this.#add(key, nowMs)
    return allowance.take(1, nowMs)
  }

  #add(key: string, nowMs: number): Allowance {
    this.#untilSweep -= 1
    if (this.#untilSweep === 0) this.#sweep(nowMs)
    const allowance = new Allowance(this.#perSecond)
    this.#allowances.set(key, allowance)
    return allowance
  }

  #sweep(nowMs: number): void {
    this.#untilSweep = sweepEvery
    for (const [key, allowance] of this.#allowances) if (allowance.isFull(nowMs)) this.#allowances.delete(key)
  }
}
