/** The connections of one load process. */
import { setTimeout as delay } from 'node:timers/promises'
import { nowMicros, synchroniseClock } from './clock.ts'
import { type Connection, hangUp, openConnection, say } from './connection.ts'
import { createDialect } from './dialects.ts'
import type { ConnectOptions, Entry, Report, SendOptions } from './protocol.ts'
import { schedule } from './schedule.ts'
import { stamped } from './stamps.ts'
import { Tally } from './tally.ts'

const beatTickMs = 100

export class Crowd {
  readonly #tally = new Tally()
  #connections: Connection[] = []
  #beats: NodeJS.Timeout[] = []
  #lost = 0
  #lostBecause = ''

  /** Adds viewers; resolves when each has entered or failed. What they need is prepared before the clock starts. */
  async connect(options: ConnectOptions): Promise<Entry> {
    const { firstViewer, viewers, concurrency, role, target, heartBeatMs, patienceMs } = options
    const dialect = await createDialect(options)
    synchroniseClock()
    const startedMicros = nowMicros()
    const deadlineMicros = startedMicros + patienceMs * 1_000
    const entered: Connection[] = []
    const failures: string[] = []
    let next = firstViewer
    const enterOneByOne = async () => {
      while (next < firstViewer + viewers) {
        const about = { viewer: next++, dialect, tally: this.#tally, countsWatchers: role === 'watch' }
        const timeoutMs = (deadlineMicros - nowMicros()) / 1_000
        const opening = openConnection({ ...about, port: target.port, timeoutMs, onLost: this.#onLost })
        await opening.then(
          (connection) => entered.push(connection),
          (error: unknown) => failures.push(String(error)),
        )
      }
    }
    await Promise.all(Array.from({ length: concurrency }, enterOneByOne))
    this.#connections.push(...entered)
    if (heartBeatMs > 0) this.#beats.push(startBeating(entered, heartBeatMs))
    return { startedMicros, enteredMicros: nowMicros(), failed: failures.length, failedBecause: failures[0] ?? '' }
  }

  /** Sends on schedule, taking turns among the connections; a line that leaves late keeps the stamp of when it was due. */
  async send({ lines, linesPerSecond, spacing, startMicros, lineLength }: SendOptions): Promise<void> {
    let sent = 0
    for (const afterMicros of schedule(lines, linesPerSecond, spacing)) {
      const dueMicros = startMicros + afterMicros
      for (let early = dueMicros - nowMicros(); early > 0; early = dueMicros - nowMicros())
        await delay(Math.ceil(early / 1_000))
      const connection = this.#connections[sent % this.#connections.length]
      if (connection === undefined) throw new Error('nobody is left to send')
      say(connection, connection.dialect.line(connection.viewer, stamped(dueMicros, lineLength)))
      sent += 1
    }
  }

  report(): Report {
    const counts = new Map<number, number>()
    for (const { watcherCount } of this.#connections) counts.set(watcherCount, (counts.get(watcherCount) ?? 0) + 1)
    const { deliveries, bytes, latency, countsChangedMicros } = this.#tally
    return {
      open: this.#connections.length - this.#lost,
      deliveries,
      bytes,
      latency: latency.toMessage(),
      counts: [...counts],
      countsChangedMicros,
      lost: this.#lost,
      lostBecause: this.#lostBecause,
    }
  }

  clear(): void {
    synchroniseClock()
    this.#tally.clear()
  }

  disconnect(): void {
    for (const beat of this.#beats) clearInterval(beat)
    for (const connection of this.#connections) hangUp(connection)
    this.#beats = []
    this.#connections = []
    this.#lost = 0
    this.#tally.clear()
  }

  readonly #onLost = (_: Connection, reason: string): void => {
    if (this.#lost === 0) this.#lostBecause = reason
    this.#lost += 1
  }
}

/** Each connection beats once in the interval it promised, a few of them at every tick. */
function startBeating(connections: readonly Connection[], heartBeatMs: number): NodeJS.Timeout {
  const perTick = Math.ceil((connections.length * beatTickMs) / heartBeatMs)
  let next = 0
  return setInterval(() => {
    for (const connection of connections.slice(next, next + perTick)) say(connection, connection.dialect.heartBeat)
    next = next + perTick >= connections.length ? 0 : next + perTick
  }, beatTickMs)
}
