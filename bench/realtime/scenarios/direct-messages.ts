/** From SEND to the receiver's MESSAGE: through the socket, Kafka, the worker and PostgreSQL, and back through Redis. */
import { join } from 'node:path'
import { Resources } from '@mopl/infrastructure/resources'
import { migrate } from '@mopl/infrastructure/migrate'
import { startApp, type Surroundings } from '@mopl/local/apps'
import { freePort } from '@mopl/local/ports'
import { ensureDatabase, startPostgres } from '@mopl/local/postgres'
import type { Bench } from '../bench.ts'
import { type Measurement, measureLines, summarise, warmUp } from '../measure.ts'
import { countStoredMessages, insertConversations, signIn } from '../population.ts'
import { cpuMicros } from '../servers/proc.ts'
import { startServer } from '../servers/server.ts'
import { fixed } from '../../report/table.ts'
import type { Scenario } from './index.ts'

const pairs = 500
const rates = [10, 100, 1_000]
const quickRates = [10, 100]
const firstMessages = { receivers: 1, linesPerSecond: 100, seconds: 5 }

export const directMessages: Scenario = {
  title: 'Direct messages: SEND to the receiver’s MESSAGE, stored before it is shown',
  async run(bench) {
    const resources = new Resources()
    try {
      return await measure(bench, resources)
    } finally {
      await bench.load.disconnect()
      await resources.close((name, error) => bench.progress(`${name} did not close: ${String(error)}`))
    }
  },
}

async function measure(bench: Bench, resources: Resources) {
  const { load, logDir } = bench
  const surroundings = await openDatabase(bench, resources)
  const worker = await startApp({ app: 'worker', name: 'worker', port: await freePort() }, surroundings, { logDir })
  resources.defer('worker', () => worker.stop())
  const server = await startServer('Mopl', surroundings, logDir)
  resources.defer('socket', () => server.stop())

  const { target, pid } = server
  await load.connect({ target, role: 'inbox', firstViewer: 0, viewers: pairs, concurrency: 50, heartBeatMs: 0 })
  await load.connectSpeakers({ target, role: 'write', speakers: pairs })
  // The first ones wait for the worker's consumers to join their groups, which takes seconds.
  await warmUp(bench, firstMessages)

  let sent = firstMessages.linesPerSecond * firstMessages.seconds
  const rows: string[][] = []
  for (const linesPerSecond of bench.isQuick ? quickRates : rates) {
    const measurements: Measurement[] = []
    let workerCpu = 0
    for (let round = 0; round < bench.rounds; round++) {
      const before = cpuMicros(worker.pid)
      measurements.push(await measureLines(bench, pid, { receivers: 1, linesPerSecond, seconds: 10 }))
      workerCpu += cpuMicros(worker.pid) - before
    }
    const summary = summarise(measurements)
    sent += summary.expected
    bench.progress(`  ${linesPerSecond} a second`)
    rows.push([String(linesPerSecond), ...cells(summary, workerCpu)])
  }
  bench.progress(`  stored ${await countStoredMessages(surroundings.databaseUrl)} of ${sent} sent`)
  return { columns: ['messages/s', ...cellNames], rows }
}

/** A PostgreSQL that keeps its promises: a commit is on the disk before anybody is shown the message. */
async function openDatabase(bench: Bench, resources: Resources): Promise<Surroundings> {
  const { surroundings, directory, logDir } = bench
  const { process, adminUrl } = await startPostgres({ dataDir: join(directory, 'postgres'), logDir, isDurable: true })
  resources.defer('postgres', () => process.stop())
  const databaseUrl = await ensureDatabase(adminUrl, 'mopl')
  await migrate(databaseUrl)
  await insertConversations(databaseUrl, pairs)
  await signIn(surroundings.redisUrl, { viewers: pairs, speakers: pairs })
  return { ...surroundings, databaseUrl }
}

const cellNames = [
  'p50 ms',
  'p99 ms',
  'max ms',
  'delivered / expected',
  'socket CPU µs/message',
  'worker CPU µs/message',
  'lost',
]

function cells(one: Measurement, workerCpuMicros: number): string[] {
  return [
    fixed(one.latency.percentileMs(0.5), 1),
    fixed(one.latency.percentileMs(0.99), 1),
    fixed(one.latency.maxMs, 1),
    `${one.delivered} / ${one.expected}`,
    fixed(one.cpuPerDelivery, 0),
    fixed(workerCpuMicros / Math.max(1, one.delivered), 0),
    String(one.lost),
  ]
}
