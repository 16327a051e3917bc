/** Every operation on the api and on the bare server, in turn. */
import { fixed } from '../../report/table.ts'
import type { Bench } from '../bench.ts'
import { type Measurement, measure, summarise, warmUp } from '../measure.ts'
import { type Operation, operations } from '../operations.ts'
import type { Size } from '../seed.ts'
import type { Server } from '../servers.ts'
import type { Scenario } from './index.ts'

const size: Size = { contents: 100_000, reviews: 1_000_000, users: 50_000 }
const quickSize: Size = { contents: 10_000, reviews: 100_000, users: 50_000 }

type Result = { name: string; peak: Measurement; half: Measurement }

export const compareOperations: Scenario = {
  title: 'REST: throughput, latency and CPU per request',
  async run(bench) {
    const seeded = bench.isQuick ? quickSize : size
    const servers: Server[] = []
    try {
      for (const name of bench.servers) servers.push(await bench.start(name, seeded))
      const chosen = operations.filter(({ name }) => name.includes(bench.only))
      const rows: string[][] = []
      for (const operation of chosen) rows.push(...toRows(operation, await compare(bench, servers, operation, seeded)))
      return { columns, rows }
    } finally {
      for (const server of servers) await server.stop()
    }
  },
}

async function compare(bench: Bench, servers: Server[], operation: Operation, size: Size): Promise<Result[]> {
  for (const server of servers) await warmUp(bench, server, operation, size)
  const peaks = servers.map((): Measurement[] => [])
  // In turn, so that the machine's moods reach all of them alike.
  for (let round = 0; round < bench.rounds; round++) {
    for (const [index, server] of servers.entries())
      peaks[index]?.push(await measure(bench, server, { operation, size }))
  }
  const results: Result[] = []
  for (const [index, server] of servers.entries()) {
    const peak = summarise(peaks[index] ?? [])
    const half = await measure(bench, server, { operation, size, perSecond: peak.perSecond / 2 })
    bench.progress(`  ${operation.name}, ${server.name}: ${fixed(peak.perSecond, 0)}/s`)
    results.push({ name: server.name, peak, half })
  }
  return results
}

const columns = [
  'operation',
  'server',
  'requests/s',
  'Mopl’s share',
  'p50 ms',
  'p99 ms',
  'p99 ms at half',
  'server CPU µs',
  'PostgreSQL CPU µs',
  'failed',
]

function toRows(operation: Operation, results: Result[]): string[][] {
  const mopl = results.find(({ name }) => name === 'Mopl')?.peak.perSecond ?? Number.NaN
  return results.map(({ name, peak, half }) => [
    operation.name,
    name,
    fixed(peak.perSecond, 0),
    name === 'Mopl' ? '-' : fixed(mopl / peak.perSecond, 2),
    fixed(peak.p50, 1),
    fixed(peak.p99, 1),
    fixed(half.p99, 1),
    fixed(peak.serverCpu, 0),
    fixed(peak.postgresCpu, 0),
    String(peak.failed + half.failed),
  ])
}
