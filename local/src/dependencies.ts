import { join } from 'node:path'
import { buildBundles, kafkaBundle } from './bundles.ts'
import { acceptsConnections, startKafka } from './kafka.ts'
import { answersSql, ensureDatabase, startPostgres } from './postgres.ts'
import type { RunningProcess } from './processes.ts'
import { answersPing, startRedis } from './redis.ts'

/** Addresses of real servers; each one that is given is used instead of a local one. */
export type External = { databaseUrl?: string; redisUrl?: string; kafkaBrokers?: string }

export type Dependencies = { databaseUrl: string; redisUrl: string; kafkaBrokers: string }

export type DependencyOptions = {
  dataDir: string
  logDir: string
  external: External
  /** Whether PostgreSQL and Redis keep their data over restarts. */
  isDurable: boolean
  onProgress: (line: string) => void
  /** Told of every process as soon as it is ready, so that whoever asked can stop it. */
  onStarted: (process: RunningProcess) => void
  signal?: AbortSignal | undefined
}

/**
 * PostgreSQL (with a database `mopl`), Redis and Kafka, started or, where an address is given, checked.
 *
 * @throws {Error} naming the variable whose server does not answer
 */
export async function openDependencies(options: DependencyOptions): Promise<Dependencies> {
  const [postgres, redis, kafka] = [openPostgres(options), openRedis(options), openKafka(options)]
  await settleAll([postgres, redis, kafka])
  return { databaseUrl: await postgres, redisUrl: await redis, kafkaBrokers: await kafka }
}

/** Which of the three come from outside, by the variables that the commands document. */
export function externalFrom(env: Record<string, string | undefined>): External {
  return {
    ...(env['DATABASE_URL'] ? { databaseUrl: env['DATABASE_URL'] } : {}),
    ...(env['REDIS_URL'] ? { redisUrl: env['REDIS_URL'] } : {}),
    ...(env['KAFKA_BROKERS'] ? { kafkaBrokers: env['KAFKA_BROKERS'] } : {}),
  }
}

async function openPostgres({
  external,
  dataDir,
  onProgress,
  onStarted,
  ...options
}: DependencyOptions): Promise<string> {
  if (external.databaseUrl !== undefined) {
    await check('PostgreSQL', 'DATABASE_URL', answersSql(external.databaseUrl), onProgress)
    return external.databaseUrl
  }
  const { process, adminUrl } = await startPostgres({ ...options, dataDir: join(dataDir, 'postgres') })
  onStarted(process)
  onProgress('PostgreSQL 18 is up')
  return ensureDatabase(adminUrl, 'mopl')
}

async function openRedis({ external, dataDir, onProgress, onStarted, ...options }: DependencyOptions): Promise<string> {
  if (external.redisUrl !== undefined) {
    await check('Redis', 'REDIS_URL', answersPing(external.redisUrl), onProgress)
    return external.redisUrl
  }
  const { process, url } = await startRedis({ ...options, dataDir: join(dataDir, 'redis') })
  onStarted(process)
  onProgress('Redis is up')
  return url
}

async function openKafka({ external, onProgress, onStarted, ...options }: DependencyOptions): Promise<string> {
  if (external.kafkaBrokers !== undefined) {
    await check('Kafka', 'KAFKA_BROKERS', acceptsConnections(external.kafkaBrokers), onProgress)
    return external.kafkaBrokers
  }
  await buildBundles()
  const { process, brokers } = await startKafka({ ...options, bundle: kafkaBundle })
  onStarted(process)
  onProgress("Kafka (librdkafka's mock cluster) is up")
  return brokers
}

async function check(
  what: string,
  variable: string,
  answer: Promise<boolean>,
  onProgress: (line: string) => void,
): Promise<void> {
  try {
    await answer
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`${what} does not answer at ${variable}: ${reason}`, { cause })
  }
  onProgress(`${what} of ${variable} answers`)
}

/** As `Promise.all`, but waits for the others when one fails, so that nothing is started behind the caller's back. */
export async function settleAll(promises: readonly Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(promises)
  await Promise.all(promises)
}
