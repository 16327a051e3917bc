/** What every scenario is given: the servers' surroundings, the load, and how thorough to be. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Resources } from '@mopl/infrastructure/resources'
import type { Surroundings } from '@mopl/local/apps'
import { buildBundles, kafkaBundle } from '@mopl/local/bundles'
import { startKafka } from '@mopl/local/kafka'
import { startRedis } from '@mopl/local/redis'
import { Load } from './load/load.ts'
import { jwtSecret } from './load/viewers.ts'
import { buildRivals, type Server, type ServerName, startServer } from './servers/server.ts'

export type BenchOptions = {
  isQuick: boolean
  /** How often each measurement is made, every server in turn, so that the machine's moods reach all of them alike. */
  rounds: number
  servers: readonly ServerName[]
  /** Logs and data of everything that is started. */
  directory: string
  /** Of a real Kafka to use instead of the local one. */
  kafkaBrokers: string | undefined
}

export type Bench = BenchOptions & {
  load: Load
  surroundings: Surroundings
  logDir: string
  start(name: ServerName): Promise<Server>
  progress(line: string): void
  close(): Promise<void>
}

export async function openBench(options: BenchOptions): Promise<Bench> {
  const { directory } = options
  const logDir = join(directory, 'log')
  mkdirSync(logDir, { recursive: true })
  const resources = new Resources()
  const progress = (line: string) => console.error(line)
  const close = () => resources.close((name, error) => progress(`${name} did not close: ${String(error)}`))
  try {
    await buildRivals()
    if (options.servers.includes('Mopl')) await buildBundles()
    const redis = await startRedis({ dataDir: join(directory, 'redis'), logDir, isDurable: false })
    resources.defer('redis', () => redis.process.stop())
    const surroundings: Surroundings = {
      // Whatever the socket would ask the api for stands in Redis, so that nobody listens there. PostgreSQL likewise, but
      // for the scenario that starts one.
      apiUrl: 'http://127.0.0.1:1',
      databaseUrl: '',
      redisUrl: redis.url,
      kafkaBrokers: await openKafka(options, logDir, resources),
      kafkaPrefix: `bench-${process.pid}-`,
      gatewayPort: 1,
      mediaDir: directory,
      secrets: { JWT_SECRET: jwtSecret, ADMIN_EMAIL: '', ADMIN_PASSWORD: '', ADMIN_NAME: '' },
    }
    const load = resources.use('load', new Load())
    return {
      ...options,
      load,
      surroundings,
      logDir,
      progress,
      close,
      start: (name) => startServer(name, surroundings, logDir),
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Only Mopl speaks to Kafka: a comparison without it needs none. */
async function openKafka(options: BenchOptions, logDir: string, resources: Resources): Promise<string> {
  if (options.kafkaBrokers !== undefined) return options.kafkaBrokers
  if (!options.servers.includes('Mopl')) return ''
  const { process, brokers } = await startKafka({ logDir, bundle: kafkaBundle })
  resources.defer('kafka', () => process.stop())
  return brokers
}
