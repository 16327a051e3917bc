/** Chat lines into one room, on each server in turn: what both fan-out scenarios do, at other sizes and rates. */
import type { Bench } from '../bench.ts'
import type { Spacing } from '../load/schedule.ts'
import { type Measurement, measureLines, summarise } from '../measure.ts'
import { signIn } from '../population.ts'
import type { Server, ServerName } from '../servers/server.ts'
import { openRoom, speakers } from './room.ts'
import { fixed, type Table } from '../../report/table.ts'

/** `watchers` in the room, `linesPerSecond` said in it. */
export type Point = { watchers: number; linesPerSecond: number; spacing: Spacing }

/** Points must be in the order of their watchers: the room only grows while a server runs. */
export async function compareRooms(bench: Bench, points: readonly Point[], seconds: number): Promise<Table> {
  await signIn(bench.surroundings.redisUrl, { viewers: Math.max(...points.map(({ watchers }) => watchers)), speakers })
  const measured = new Map<ServerName, Measurement[][]>(bench.servers.map((name) => [name, points.map(() => [])]))
  for (let round = 1; round <= bench.rounds; round++) {
    for (const name of bench.servers) {
      const server = await bench.start(name)
      try {
        for (const [index, measurement] of (await climb(bench, server, points, seconds)).entries()) {
          measured.get(name)?.[index]?.push(measurement)
        }
        bench.progress(`  round ${round} of ${bench.rounds}: ${name}`)
      } finally {
        await bench.load.disconnect()
        await server.stop()
      }
    }
  }
  return toTable(points, new Map([...measured].map(([name, rounds]) => [name, rounds.map(summarise)])))
}

async function climb(bench: Bench, server: Server, points: readonly Point[], seconds: number): Promise<Measurement[]> {
  const room = await openRoom(bench, server)
  const measurements: Measurement[] = []
  for (const { watchers, linesPerSecond, spacing } of points) {
    await room.growTo(watchers)
    measurements.push(await measureLines(bench, server.pid, { receivers: watchers, linesPerSecond, seconds, spacing }))
  }
  return measurements
}

function toTable(points: readonly Point[], measured: ReadonlyMap<ServerName, readonly Measurement[]>): Table {
  const rows = points.flatMap(({ watchers, linesPerSecond }, index) => {
    const bare = measured.get('bare uWebSockets.js')?.[index]
    return [...measured].flatMap(([name, summaries]) => {
      const one = summaries[index]
      return one === undefined ? [] : [[String(watchers), String(linesPerSecond), name, ...cells(one, bare)]]
    })
  })
  return { columns: ['watchers', 'lines/s', 'server', ...cellNames], rows }
}

const cellNames = [
  'CPU µs/delivery',
  '÷ bare',
  'idle CPU ms/s',
  'bytes',
  'delivered / expected',
  'p50 ms',
  'p99 ms',
  'max ms',
]

function cells(one: Measurement, bare: Measurement | undefined): string[] {
  return [
    fixed(one.cpuPerDelivery, 2),
    bare === undefined ? '' : fixed(one.cpuPerDelivery / bare.cpuPerDelivery, 2),
    fixed(one.idleCpuPerSecond, 1),
    fixed(one.bytesPerDelivery, 0),
    `${one.delivered} / ${one.expected}${one.lost > 0 ? ` (${one.lost} lost)` : ''}`,
    fixed(one.latency.percentileMs(0.5), 1),
    fixed(one.latency.percentileMs(0.99), 1),
    fixed(one.latency.maxMs, 1),
  ]
}
