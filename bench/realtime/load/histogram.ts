/** Latencies in microseconds, counted in buckets at most 1.6 % wide (64 to each doubling), so that millions cost 16 KB. */
const perDoubling = 64
const doublings = 30

export type Buckets = [bucket: number, count: number][]

export class Histogram {
  readonly #counts = new Float64Array(perDoubling * doublings)
  #max = 0

  record(micros: number): void {
    const value = Math.max(1, micros)
    const bucket = Math.min(this.#counts.length - 1, Math.floor(Math.log2(value) * perDoubling))
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    if (value > this.#max) this.#max = value
  }

  /** The upper edge, in milliseconds, of the bucket where `share` (0 to 1) of all values are reached; 0 when there are none. */
  percentileMs(share: number): number {
    const wanted = this.#counts.reduce((sum, count) => sum + count, 0) * share
    let seen = 0
    for (const [bucket, count] of this.#counts.entries()) {
      seen += count
      if (count > 0 && seen >= wanted) return Math.min(2 ** ((bucket + 1) / perDoubling), this.#max) / 1_000
    }
    return 0
  }

  get maxMs(): number {
    return this.#max / 1_000
  }

  toMessage(): { buckets: Buckets; max: number } {
    return { buckets: [...this.#counts.entries()].filter(([, count]) => count > 0), max: this.#max }
  }

  add({ buckets, max }: { buckets: Buckets; max: number }): void {
    for (const [bucket, count] of buckets) this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count
    this.#max = Math.max(this.#max, max)
  }

  clear(): void {
    this.#counts.fill(0)
    this.#max = 0
  }
}
