/** Everybody comes at once, into one room: how long until all are in, and until everybody is shown the same, exact count. */
import { setTimeout as delay } from 'node:timers/promises'
import { redisKeys } from '@mopl/contracts/redis-keys'
import { Redis } from 'ioredis'
import type { Bench } from '../bench.ts'
import type { Received } from '../load/load.ts'
import { contentId } from '../load/viewers.ts'
import { signIn } from '../population.ts'
import { cpuMicros } from '../servers/proc.ts'
import type { ServerName } from '../servers/server.ts'
import { fixed } from '../../report/table.ts'
import type { Scenario } from './index.ts'

const connections = 10_000
const quickConnections = 500
const enteringAtOnce = 500
const enterWithinMs = 120_000
const exactWithinMs = 60_000
const pollMs = 200

export const connectStorm: Scenario = {
  title: 'Connect storm: everybody joins one room at once',
  async run(bench) {
    const viewers = bench.isQuick ? quickConnections : connections
    await signIn(bench.surroundings.redisUrl, { viewers, speakers: 0 })
    const rows: string[][] = []
    for (const name of bench.servers) {
      bench.progress(`  ${name}`)
      rows.push([String(viewers), name, ...(await storm(bench, name, viewers))])
    }
    return { columns: ['connections', 'server', ...cellNames], rows }
  },
}

const cellNames = [
  'entered',
  'after s',
  'joins/s',
  'counts exact',
  'after s',
  'in Redis',
  'WatchMessages',
  'server CPU s',
]

/** The rivals know nothing of counts: theirs is the time of connecting alone. */
async function storm(bench: Bench, name: ServerName, viewers: number): Promise<string[]> {
  const { load, surroundings } = bench
  const server = await bench.start(name)
  const role = name === 'Mopl' ? 'watch' : 'chat'
  try {
    const before = cpuMicros(server.pid)
    const cpuSeconds = () => fixed((cpuMicros(server.pid) - before) / 1_000_000, 1)
    const about = { target: server.target, role, firstViewer: 0, viewers } as const
    const entry = await load.storm({ ...about, concurrency: enteringAtOnce, heartBeatMs: 0, patienceMs: enterWithinMs })
    const entered = viewers - entry.failed
    const seconds = (entry.enteredMicros - entry.startedMicros) / 1_000_000
    const cells = [`${entered} / ${viewers}`, fixed(seconds, 1), fixed(entered / seconds, 0)]
    if (role === 'chat') return [...cells, '-', '-', '-', '-', cpuSeconds()]
    const received = await untilExact(() => load.report(), viewers)
    const exact = received.counts.get(viewers) ?? 0
    const exactSeconds =
      exact === viewers ? (received.countsChangedMicros - entry.startedMicros) / 1_000_000 : Number.NaN
    const members = await countMembers(surroundings.redisUrl)
    return [
      ...cells,
      `${exact} / ${viewers}`,
      fixed(exactSeconds, 1),
      String(members),
      String(received.deliveries),
      cpuSeconds(),
    ]
  } finally {
    await load.disconnect()
    await server.stop()
  }
}

async function untilExact(report: () => Promise<Received>, viewers: number): Promise<Received> {
  const deadline = performance.now() + exactWithinMs
  let received = await report()
  while (received.counts.get(viewers) !== viewers && performance.now() < deadline) {
    await delay(pollMs)
    received = await report()
  }
  return received
}

async function countMembers(redisUrl: string): Promise<number> {
  const redis = new Redis(redisUrl)
  try {
    return await redis.hlen(redisKeys.room(contentId))
  } finally {
    redis.disconnect()
  }
}
