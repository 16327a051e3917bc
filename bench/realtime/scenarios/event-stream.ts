/** Many streams of server-sent events, one notification each per second, beside a chat line a second over WebSocket. */
import type { Bench } from '../bench.ts'
import { nowMicros } from '../load/clock.ts'
import { type Measurement, measure, measureLines, untilDelivered } from '../measure.ts'
import { notify } from '../notifications.ts'
import { signIn } from '../population.ts'
import type { Server, ServerName } from '../servers/server.ts'
import { openRoom, speakers } from './room.ts'
import { fixed } from '../../report/table.ts'
import type { Scenario } from './index.ts'

const streams = 5_000
const quickStreams = 500
const enteringAtOnce = 200
const warmUpSeconds = 3

/** One way to tell everybody something once a second. */
type Way = {
  name: string
  server: ServerName
  measure(bench: Bench, server: Server, receivers: number, seconds: number): Promise<Measurement>
}

const ways: Way[] = [
  { name: 'SSE, to each their own', server: 'Mopl', measure: overEventStreams },
  { name: 'WebSocket, one chat line to all', server: 'Mopl', measure: overWebSockets },
  { name: 'bare WebSocket, one line to all', server: 'bare uWebSockets.js', measure: overWebSockets },
]

export const eventStream: Scenario = {
  title: 'Server-sent events: one notification a second to each stream',
  async run(bench) {
    const receivers = bench.isQuick ? quickStreams : streams
    const seconds = bench.isQuick ? 5 : 20
    await signIn(bench.surroundings.redisUrl, { viewers: receivers, speakers })
    const rows: string[][] = []
    for (const way of ways) {
      bench.progress(`  ${way.name}`)
      const server = await bench.start(way.server)
      try {
        rows.push([String(receivers), way.name, ...cells(await way.measure(bench, server, receivers, seconds))])
      } finally {
        await bench.load.disconnect()
        await server.stop()
      }
    }
    return { columns: ['receivers', 'way', ...cellNames], rows }
  },
}

async function overEventStreams(
  bench: Bench,
  server: Server,
  receivers: number,
  seconds: number,
): Promise<Measurement> {
  const target = { port: server.target.port, dialect: 'sse' } as const
  const { load, surroundings } = bench
  const viewers = { firstViewer: 0, viewers: receivers, concurrency: enteringAtOnce, heartBeatMs: 0 }
  await load.connect({ ...viewers, target, role: 'inbox' })
  const everySecond = (startMicros: number, forSeconds: number) =>
    notify(surroundings.redisUrl, { receivers, seconds: forSeconds, startMicros })
  await everySecond(nowMicros(), warmUpSeconds)
  await untilDelivered(() => load.report(), receivers * warmUpSeconds)
  return measure(bench, server.pid, {
    expected: receivers * seconds,
    send: (startMicros) => everySecond(startMicros, seconds),
  })
}

async function overWebSockets(bench: Bench, server: Server, receivers: number, seconds: number): Promise<Measurement> {
  const room = await openRoom(bench, server)
  await room.growTo(receivers)
  return measureLines(bench, server.pid, { receivers, linesPerSecond: 1, seconds })
}

const cellNames = [
  'CPU µs/delivery',
  'idle CPU ms/s',
  'bytes',
  'delivered / expected',
  'p50 ms',
  'p99 ms',
  'max ms',
  'lost',
]

function cells(one: Measurement): string[] {
  return [
    fixed(one.cpuPerDelivery, 2),
    fixed(one.idleCpuPerSecond, 1),
    fixed(one.bytesPerDelivery, 0),
    `${one.delivered} / ${one.expected}`,
    fixed(one.latency.percentileMs(0.5), 1),
    fixed(one.latency.percentileMs(0.99), 1),
    fixed(one.latency.maxMs, 1),
    String(one.lost),
  ]
}
