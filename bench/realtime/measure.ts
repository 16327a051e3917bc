/** One measurement: lines at a fixed rate to everybody who is connected, and what they cost the server. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Bench } from './bench.ts'
import { nowMicros, synchroniseClock } from './load/clock.ts'
import type { Histogram } from './load/histogram.ts'
import type { Received } from './load/load.ts'
import type { Spacing } from './load/schedule.ts'
import { cpuMicros } from './servers/proc.ts'

/** The length of a line's text, near that of what people write. */
export const lineLength = 100

export type Measurement = {
  expected: number
  delivered: number
  /** Payload of a message as it reached a receiver, framing included, shared by the lines in it. */
  bytesPerDelivery: number
  cpuPerDelivery: number
  /** CPU of the connected server before the first line, in milliseconds a second. */
  idleCpuPerSecond: number
  latency: Histogram
  lost: number
}

const leadMicros = 200_000
const idleMs = 2_000
/** A server that is this late with the last delivery has lost it, or is hopelessly behind. */
const patienceMs = 30_000
const pollMs = 100

export type Lines = { receivers: number; linesPerSecond: number; seconds: number; spacing?: Spacing }

/** Chat lines, or direct messages, from those who are connected to send. */
export function measureLines(bench: Bench, pid: number, lines: Lines): Promise<Measurement> {
  return measure(bench, pid, {
    expected: countOf(lines) * lines.receivers,
    send: (startMicros) => send(bench, lines, startMicros),
  })
}

/** Lines that nobody measures, until the server's code is compiled as it is after a day's work. */
export async function warmUp(bench: Bench, lines: Lines): Promise<void> {
  await bench.load.clear()
  await send(bench, lines, nowMicros())
  await untilDelivered(() => bench.load.report(), countOf(lines) * lines.receivers)
}

function send({ load }: Bench, lines: Lines, startMicros: number): Promise<void> {
  const { linesPerSecond, spacing = 'even' } = lines
  return load.send({ lines: countOf(lines), linesPerSecond, spacing, startMicros, lineLength })
}

function countOf({ linesPerSecond, seconds }: Lines): number {
  return Math.ceil(linesPerSecond * seconds)
}

export type Sending = { expected: number; send: (startMicros: number) => Promise<unknown> }

/** The server's CPU counts from the first line to the last delivery; whatever else it does meanwhile is included. */
export async function measure(bench: Bench, pid: number, { expected, send }: Sending): Promise<Measurement> {
  const { load } = bench
  await load.clear()
  synchroniseClock()
  const idleCpuPerSecond = await cpuWhileIdle(pid)
  const before = cpuMicros(pid)
  await send(nowMicros() + leadMicros)
  const received = await untilDelivered(() => load.report(), expected)
  const used = cpuMicros(pid) - before
  if (received.lost > 0) bench.progress(`  ${received.lost} connections lost: ${received.lostBecause}`)
  return {
    expected,
    delivered: received.deliveries,
    bytesPerDelivery: received.bytes / Math.max(1, received.deliveries),
    cpuPerDelivery: used / Math.max(1, received.deliveries),
    idleCpuPerSecond,
    latency: received.latency,
    lost: received.lost,
  }
}

/** What came, as soon as it is all that is expected; when time runs out, what came until then. */
export async function untilDelivered(report: () => Promise<Received>, expected: number): Promise<Received> {
  const deadline = performance.now() + patienceMs
  let received = await report()
  while (received.deliveries < expected && performance.now() < deadline) {
    await delay(pollMs)
    received = await report()
  }
  return received
}

/** Milliseconds of CPU that a process uses per second when nobody asks anything of it. */
export async function cpuWhileIdle(pid: number, forMs = idleMs): Promise<number> {
  const before = cpuMicros(pid)
  await delay(forMs)
  return (cpuMicros(pid) - before) / forMs
}

/** Several measurements of the same thing as one: the median of the costs, all latencies together. */
export function summarise(measurements: readonly Measurement[]): Measurement {
  const [first] = measurements
  if (first === undefined) throw new Error('nothing was measured')
  for (const { latency } of measurements.slice(1)) first.latency.add(latency.toMessage())
  return {
    expected: sum(measurements.map(({ expected }) => expected)),
    delivered: sum(measurements.map(({ delivered }) => delivered)),
    lost: sum(measurements.map(({ lost }) => lost)),
    bytesPerDelivery: median(measurements.map(({ bytesPerDelivery }) => bytesPerDelivery)),
    cpuPerDelivery: median(measurements.map(({ cpuPerDelivery }) => cpuPerDelivery)),
    idleCpuPerSecond: median(measurements.map(({ idleCpuPerSecond }) => idleCpuPerSecond)),
    latency: first.latency,
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
