/** What every scenario is given: PostgreSQL with databases of any size, Redis with signed-in users, and how thorough to be. */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { redisKeys } from '@mopl/contracts/redis-keys'
import { createAccessTokens } from '@mopl/infrastructure/access-tokens'
import { Resources } from '@mopl/infrastructure/resources'
import type { Surroundings } from '@mopl/local/apps'
import { startPostgres } from '@mopl/local/postgres'
import { startRedis } from '@mopl/local/redis'
import { Redis } from 'ioredis'
import { idOf } from './ids.ts'
import { activeUsers, seededDatabase, type Size, withCopy } from './seed.ts'
import { type Server, type ServerName, startServer } from './servers.ts'

export type BenchOptions = {
  isQuick: boolean
  rounds: number
  /** How long each measurement takes. */
  seconds: number
  servers: readonly ServerName[]
  /** What the names of the operations to compare contain. */
  only: string
  /** Logs, and what ends with the run. */
  directory: string
  /** PostgreSQL's, kept from run to run: filling it takes longer than measuring. */
  dataDir: string
}

export type Bench = BenchOptions & {
  /** Access tokens of users with a session in force. */
  tokens: readonly string[]
  postgresPid: number
  /** On the database of that size. */
  start(name: ServerName, size: Size): Promise<Server>
  /** Gives the URL of a copy of the database of that size, to write to: it is dropped afterwards. */
  withCopy<T>(size: Size, use: (url: string) => Promise<T>): Promise<T>
  progress(line: string): void
  close(): Promise<void>
}

const jwtSecret = 'a secret of the benchmark, long enough'
/** Everybody comes from one address here. */
const rateLimits = 'signInPerAddress=1000000/60'

export async function openBench(options: BenchOptions): Promise<Bench> {
  const { directory, dataDir } = options
  const logDir = join(directory, 'log')
  mkdirSync(logDir, { recursive: true })
  if (!existsSync(dataDir)) mkdirSync(dataDir, { recursive: true })
  const resources = new Resources()
  const progress = (line: string) => console.error(line)
  const close = () => resources.close((name, error) => progress(`${name} did not close: ${String(error)}`))
  try {
    // Safe against power loss, as in production: a commit waits for the disk.
    const postgres = await startPostgres({ dataDir: join(dataDir, 'postgres'), logDir, isDurable: true })
    resources.defer('postgres', () => postgres.process.stop())
    const redis = await startRedis({ dataDir: join(directory, 'redis'), logDir, isDurable: false })
    resources.defer('redis', () => redis.process.stop())
    process.env['RATE_LIMITS'] = rateLimits
    const surroundings: Omit<Surroundings, 'databaseUrl'> = {
      apiUrl: '',
      redisUrl: redis.url,
      kafkaBrokers: '',
      kafkaPrefix: '',
      gatewayPort: 1,
      mediaDir: directory,
      secrets: {
        JWT_SECRET: jwtSecret,
        ADMIN_EMAIL: 'admin@bench.mopl',
        ADMIN_PASSWORD: 'an admin nobody needs',
        ADMIN_NAME: '관리자',
      },
    }
    const database = (size: Size) => seededDatabase(postgres.adminUrl, size, progress)
    return {
      ...options,
      tokens: await signIn(redis.url),
      postgresPid: postgres.process.pid,
      progress,
      close,
      async start(name, size) {
        return startServer(name, { ...surroundings, databaseUrl: await database(size) }, logDir)
      },
      withCopy: async (size, use) => withCopy(postgres.adminUrl, await database(size), use),
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** As if every active user had signed in, without the cost of a password each. */
async function signIn(redisUrl: string): Promise<string[]> {
  const redis = new Redis(redisUrl)
  const tokens = createAccessTokens(jwtSecret)
  try {
    const users = Array.from({ length: activeUsers }, (_, n) => ({ id: idOf('user', n), sessionId: idOf('user', n) }))
    await redis.mset(users.flatMap(({ id, sessionId }) => [redisKeys.authSession(id), sessionId]))
    return await Promise.all(users.map((user) => tokens.sign({ ...user, role: 'USER' })))
  } finally {
    redis.disconnect()
  }
}
