/** What the connections of this process received since it was last asked to forget. */
import { Histogram } from './histogram.ts'
import { nowMicros } from './clock.ts'
import { readDigits, readStamps } from './stamps.ts'

const countName = Buffer.from('watcherCount')

export class Tally {
  readonly latency = new Histogram()
  deliveries = 0
  bytes = 0
  countsChangedMicros = 0
  #now = 0
  readonly #onStamp = (dueMicros: number) => this.latency.record(this.#now - dueMicros)

  /** Counts the lines in a payload; one without any returns 0 and is something else. */
  takeLines(bytes: Buffer, start: number, end: number): number {
    this.#now = nowMicros()
    const lines = readStamps(bytes, start, end, this.#onStamp)
    this.deliveries += lines
    if (lines > 0) this.bytes += end - start
    return lines
  }

  /** The number of watchers in the last WatchMessage of a payload, or `undefined` when there is none. */
  takeWatcherCount(bytes: Buffer, start: number, end: number): number | undefined {
    let found: number | undefined
    for (let at = bytes.indexOf(countName, start); at >= 0 && at < end; at = bytes.indexOf(countName, at)) {
      at += countName.length
      // The name's quote may be escaped, because SockJS carries a frame as a JSON string.
      found = readDigits(bytes, bytes.indexOf(':', at) + 1, end)
      this.deliveries += 1
    }
    if (found === undefined) return undefined
    this.bytes += end - start
    this.countsChangedMicros = nowMicros()
    return found
  }

  clear(): void {
    this.latency.clear()
    this.deliveries = 0
    this.bytes = 0
  }
}
