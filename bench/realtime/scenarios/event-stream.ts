/** Many streams of server-sent events, one notification each per second, beside a chat line a second over WebSocket. */
import type { Bench } from '../bench.ts'
import { type Measurement, measure, measureLines } from '../measure.ts'
import { notify } from '../notifications.ts'
import { signIn } from '../population.ts'
import type { Server, ServerName } from '../servers/server.ts'
import { fixed } from '../../report/table.ts'
import type { Scenario } from './index.ts'

const streams = 5_000
const quickStreams = 500
const enteringAtOnce = 200

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
    await signIn(bench.surroundings.redisUrl, { viewers: receivers, speakers: 1 })
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
  await bench.load.connect({ ...viewers(receivers), target, role: 'inbox' })
  return measure(bench, server.pid, {
    expected: receivers * seconds,
    send: (startMicros) => notify(bench.surroundings.redisUrl, { receivers, seconds, startMicros }),
  })
}

async function overWebSockets(
  bench: Bench,
  { target, pid }: Server,
  receivers: number,
  seconds: number,
): Promise<Measurement> {
  await bench.load.connectSpeakers({ target, role: 'speak', speakers: 1 })
  await bench.load.connect({ ...viewers(receivers), target, role: 'chat' })
  return measureLines(bench, pid, { receivers, linesPerSecond: 1, seconds })
}

function viewers(receivers: number) {
  return { firstViewer: 0, viewers: receivers, concurrency: enteringAtOnce, heartBeatMs: 0 }
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
