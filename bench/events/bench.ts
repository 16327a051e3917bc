/** What every scenario is given: PostgreSQL, Redis, Kafka, a fresh system on them for each measurement. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { migrate } from '@mopl/infrastructure/migrate'
import { Resources } from '@mopl/infrastructure/resources'
import { startApacheKafka } from '@mopl/local/apache-kafka'
import type { Surroundings } from '@mopl/local/apps'
import { buildBundles, kafkaBundle } from '@mopl/local/bundles'
import { startKafka } from '@mopl/local/kafka'
import { ensureDatabase, startPostgres } from '@mopl/local/postgres'
import { startRedis } from '@mopl/local/redis'
import { buildPrograms } from './programs.ts'

export type BenchOptions = {
  isQuick: boolean
  rounds: number
  /** Logs and data of everything that is started. */
  directory: string
  /** `apache` and `mock` are started here; anything else names the brokers of a running one. */
  kafka: string
}

export type Bench = BenchOptions & {
  logDir: string
  brokers: string
  /** A migrated database and a topic prefix that nobody has used. */
  freshSystem(): Promise<Surroundings>
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
  let systems = 0
  try {
    await Promise.all([buildBundles(), buildPrograms()])
    // A commit is on the disk before anything is published or acknowledged.
    const postgres = await startPostgres({ dataDir: join(directory, 'postgres'), logDir, isDurable: true })
    resources.defer('postgres', () => postgres.process.stop())
    const redis = await startRedis({ dataDir: join(directory, 'redis'), logDir, isDurable: false })
    resources.defer('redis', () => redis.process.stop())
    const brokers = await openKafka(options, logDir, resources)
    return {
      ...options,
      logDir,
      brokers,
      progress,
      close,
      freshSystem: async () => {
        systems += 1
        const databaseUrl = await ensureDatabase(postgres.adminUrl, `bench_${systems}`)
        await migrate(databaseUrl)
        return {
          databaseUrl,
          redisUrl: redis.url,
          kafkaBrokers: brokers,
          kafkaPrefix: `bench-${process.pid}-${systems}.`,
          apiUrl: 'http://127.0.0.1:1',
          gatewayPort: 1,
          mediaDir: join(directory, 'media'),
          secrets: { JWT_SECRET: '', ADMIN_EMAIL: '', ADMIN_PASSWORD: '', ADMIN_NAME: '' },
        }
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function openKafka({ kafka, directory }: BenchOptions, logDir: string, resources: Resources): Promise<string> {
  if (kafka !== 'apache' && kafka !== 'mock') return kafka
  const { process, brokers } =
    kafka === 'apache'
      ? await startApacheKafka({ dataDir: join(directory, 'kafka'), logDir })
      : await startKafka({ logDir, bundle: kafkaBundle })
  resources.defer('kafka', () => process.stop())
  return brokers
}
