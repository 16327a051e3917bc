/** What one connected, silent viewer costs: resident memory, and the CPU that keeps the connection alive. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Bench } from '../bench.ts'
import { cpuWhileIdle } from '../measure.ts'
import { signIn } from '../population.ts'
import { residentBytes } from '../servers/proc.ts'
import type { ServerName } from '../servers/server.ts'
import { fixed } from '../../report/table.ts'
import type { Scenario } from './index.ts'

const connections = 15_000
const quickConnections = 2_000
const heartBeatMs = 10_000
/** Whoever came and went before, so that what a server allocates once is not charged to its viewers. */
const earlierConnections = 200
/** Until what connecting left behind is collected: nothing asks a server under load to clean up. */
const settleMs = 20_000
const idleMs = 10_000

export const memory: Scenario = {
  title: 'Idle connections: SockJS, STOMP, heart-beats every 10 s, one subscription',
  async run(bench) {
    const viewers = bench.isQuick ? quickConnections : connections
    await signIn(bench.surroundings.redisUrl, { viewers, speakers: 0 })
    const rows: string[][] = []
    for (const name of bench.servers) {
      bench.progress(`  ${name}`)
      rows.push([String(viewers), name, ...(await measure(bench, name, viewers))])
    }
    return {
      columns: ['connections', 'server', 'KB each', 'RSS before MB', 'RSS with them MB', 'idle CPU ms/s', 'lost'],
      rows,
    }
  },
}

async function measure(bench: Bench, name: ServerName, viewers: number): Promise<string[]> {
  const server = await bench.start(name)
  const enter = (count: number) =>
    bench.load.connect({
      target: server.target,
      role: 'chat',
      firstViewer: 0,
      viewers: count,
      concurrency: 200,
      heartBeatMs,
    })
  try {
    await enter(earlierConnections)
    await bench.load.disconnect()
    await delay(settleMs / 2)
    const before = residentBytes(server.pid)
    await enter(viewers)
    await delay(settleMs)
    const after = residentBytes(server.pid)
    const idleCpu = await cpuWhileIdle(server.pid, idleMs)
    const { lost } = await bench.load.report()
    return [
      fixed((after - before) / viewers / 1024, 1),
      megabytes(before),
      megabytes(after),
      fixed(idleCpu, 1),
      String(lost),
    ]
  } finally {
    await bench.load.disconnect()
    await server.stop()
  }
}

function megabytes(bytes: number): string {
  return fixed(bytes / 2 ** 20, 1)
}
