/** One operation on one server: what it can do, what that costs, and how long people wait at half of it. */
import { readdirSync, readFileSync } from 'node:fs'
import { cpuMicros } from '../realtime/servers/proc.ts'
import type { Bench } from './bench.ts'
import { type Load, type Outcome, runLoad } from './load.ts'
import type { Operation } from './operations.ts'
import type { Size } from './seed.ts'
import type { Server } from './servers.ts'

export type Measurement = {
  perSecond: number
  p50: number
  p99: number
  /** CPU per request, in microseconds. */
  serverCpu: number
  postgresCpu: number
  /** Of all requests, those that were refused or not answered. */
  failed: number
}

let serial = 0

/** @param perSecond how many requests arrive, at random moments; as many as the server can answer, when absent */
export async function measure(
  bench: Bench,
  server: Server,
  { operation, size, perSecond }: { operation: Operation; size: Size; perSecond?: number },
): Promise<Measurement> {
  const load: Load = {
    url: server.url,
    requests: operation.requests({ size, tokens: bench.tokens, serial: serial++ }),
    // Enough connections that one that waits for a late answer holds up nothing: the next request comes on another.
    connections: perSecond === undefined ? operation.connections : 4 * operation.connections,
    seconds: bench.seconds,
    ...(perSecond !== undefined && { perSecond }),
  }
  const before = [cpuMicros(server.pid), childrenCpuMicros(bench.postgresPid)]
  const outcome = await runLoad(bench.directory, load)
  const after = [cpuMicros(server.pid), childrenCpuMicros(bench.postgresPid)]
  const [serverCpu = 0, postgresCpu = 0] = after.map(
    (micros, index) => (micros - (before[index] ?? 0)) / outcome.requests,
  )
  return { ...figures(outcome), serverCpu, postgresCpu }
}

/** Requests that nobody measures, until the server's code is compiled and its statements are prepared. */
export async function warmUp(bench: Bench, server: Server, operation: Operation, size: Size): Promise<void> {
  const { connections } = operation
  const requests = operation.requests({ size, tokens: bench.tokens, serial: serial++ })
  await runLoad(bench.directory, { url: server.url, requests, connections, seconds: bench.seconds })
}

function figures({ requests, seconds, p50, p99, refused, broken }: Outcome) {
  return { perSecond: requests / seconds, p50, p99, failed: refused + broken }
}

/** The median of every figure. */
export function summarise(measurements: readonly Measurement[]): Measurement {
  const middle = (figure: (one: Measurement) => number) =>
    measurements.map(figure).toSorted((a, b) => a - b)[Math.floor(measurements.length / 2)] ?? Number.NaN
  return {
    perSecond: middle((one) => one.perSecond),
    p50: middle((one) => one.p50),
    p99: middle((one) => one.p99),
    serverCpu: middle((one) => one.serverCpu),
    postgresCpu: middle((one) => one.postgresCpu),
    failed: measurements.reduce((sum, { failed }) => sum + failed, 0),
  }
}

/** PostgreSQL works in a process per connection, and in others that help with one statement and are gone after it. */
function childrenCpuMicros(parent: number): number {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim().split(' ')
  const running = children.reduce((sum, pid) => sum + (isThere(pid) ? cpuMicros(Number(pid)) : 0), 0)
  return running + goneCpuMicros(parent)
}

/** What children used that are no more: cutime and cstime (proc(5)), in ticks of 10 ms. */
function goneCpuMicros(parent: number): number {
  const stat = readFileSync(`/proc/${parent}/stat`, 'utf8')
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(13, 15)
    .map(Number)
  return (user + system) * 10_000
}

function isThere(pid: string): boolean {
  return readdirSync('/proc').includes(pid)
}
