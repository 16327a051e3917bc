/** All load processes together: receivers share the viewers out, one more process does the sending. */
import { Histogram } from './histogram.ts'
import { type LoadProcess, startLoadProcess } from './load-process.ts'
import type { ConnectOptions, Entry, Report, SendOptions } from './protocol.ts'
import { firstSpeaker } from './viewers.ts'

/** A process may have 20,000 files open; more than this is a load process too many for two cores. */
const viewersPerProcess = 8_000
const enterWithinMs = 60_000

export type Received = Omit<Report, 'latency' | 'counts'> & { latency: Histogram; counts: Map<number, number> }

export class Load {
  readonly #speaker = startLoadProcess()
  readonly #receivers: LoadProcess[] = []

  /**
   * Resolves when all viewers have entered.
   *
   * @throws {Error} when one has not
   */
  async connect(options: Omit<ConnectOptions, 'patienceMs'>): Promise<void> {
    mustAllEnter(await this.storm({ ...options, patienceMs: enterWithinMs }))
  }

  /** Resolves when each viewer has entered or failed. */
  async storm(options: ConnectOptions): Promise<Entry> {
    const shares = Math.ceil(options.viewers / viewersPerProcess)
    const share = Math.ceil(options.viewers / shares)
    while (this.#receivers.length < shares) this.#receivers.push(startLoadProcess())
    const entries = await Promise.all(
      this.#receivers.slice(0, shares).map((receiver, index) => {
        const firstViewer = options.firstViewer + index * share
        const viewers = Math.min(share, options.firstViewer + options.viewers - firstViewer)
        const concurrency = Math.ceil(options.concurrency / shares)
        return receiver.call('connect', { ...options, firstViewer, viewers, concurrency })
      }),
    )
    return {
      startedMicros: Math.min(...entries.map((entry) => entry.startedMicros)),
      enteredMicros: Math.max(...entries.map((entry) => entry.enteredMicros)),
      failed: entries.reduce((sum, entry) => sum + entry.failed, 0),
      failedBecause: entries.find((entry) => entry.failed > 0)?.failedBecause ?? '',
    }
  }

  /** Connects those who only send. They do not count as viewers. */
  async connectSpeakers(options: Pick<ConnectOptions, 'target' | 'role'> & { speakers: number }): Promise<void> {
    const { speakers: viewers, ...rest } = options
    const asSpeakers = { firstViewer: firstSpeaker, concurrency: 50, heartBeatMs: 0, patienceMs: enterWithinMs }
    mustAllEnter(await this.#speaker.call('connect', { ...rest, ...asSpeakers, viewers }))
  }

  send(options: SendOptions): Promise<void> {
    return this.#speaker.call('send', options)
  }

  async clear(): Promise<void> {
    await this.#everywhere('clear')
  }

  async report(): Promise<Received> {
    const [speaker, ...receivers] = await Promise.all(this.#all.map((process) => process.call('report', {})))
    const sum = emptyReport()
    for (const report of receivers) add(sum, report)
    if (speaker !== undefined && speaker.lost > 0) {
      sum.lost += speaker.lost
      sum.lostBecause = speaker.lostBecause
    }
    return sum
  }

  async disconnect(): Promise<void> {
    await this.#everywhere('disconnect')
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((process) => process.close()))
  }

  get #all(): LoadProcess[] {
    return [this.#speaker, ...this.#receivers]
  }

  async #everywhere(command: 'clear' | 'disconnect'): Promise<void> {
    await Promise.all(this.#all.map((process) => process.call(command, {})))
  }
}

function mustAllEnter({ failed, failedBecause }: Entry): void {
  if (failed > 0) throw new Error(`${failed} did not get in: ${failedBecause}`)
}

function emptyReport(): Received {
  return {
    open: 0,
    deliveries: 0,
    bytes: 0,
    latency: new Histogram(),
    counts: new Map(),
    countsChangedMicros: 0,
    lost: 0,
    lostBecause: '',
  }
}

function add(sum: Received, report: Report): void {
  sum.open += report.open
  sum.deliveries += report.deliveries
  sum.bytes += report.bytes
  sum.latency.add(report.latency)
  for (const [count, connections] of report.counts) sum.counts.set(count, (sum.counts.get(count) ?? 0) + connections)
  sum.countsChangedMicros = Math.max(sum.countsChangedMicros, report.countsChangedMicros)
  sum.lost += report.lost
  sum.lostBecause ||= report.lostBecause
}
