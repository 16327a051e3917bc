/** What tests of every app need: a database of their own, a process under test, and a way to wait that is not a sleep. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import pg from 'pg'
import { eventually } from './eventually.ts'
import { newId } from './ids.ts'
import { migrate } from './migrate.ts'
import type { Db } from './postgres.ts'

export { eventually }

const root = fileURLToPath(new URL('../../../', import.meta.url))
const templateLock = 6_665_422

/** A variable that `bin/test` sets; its absence means that the test was not started by it. */
export function testEnv(name: 'DATABASE_URL' | 'REDIS_URL' | 'KAFKA_BROKERS'): string {
  const value = process.env[name]
  if (value === undefined)
    throw new Error(`${name} is not set: run this test with bin/test, or with the variables that bin/test prints`)
  return value
}

export type TestDatabase = { url: string; close(): Promise<void> }

/** A migrated, empty database of one test file, cloned from a template in a few milliseconds. */
export function createTestDatabase(): Promise<TestDatabase> {
  return createDatabase(migratedTemplate)
}

/** A database without anything in it, for what is about the schema itself. */
export function createEmptyDatabase(): Promise<TestDatabase> {
  return createDatabase(async () => 'template1')
}

async function createDatabase(templateOf: typeof migratedTemplate): Promise<TestDatabase> {
  const adminUrl = testEnv('DATABASE_URL')
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  const name = `test_${newId().replaceAll('-', '')}`
  try {
    await admin.query(`select pg_advisory_lock(${templateLock})`)
    await admin.query(`create database ${name} template ${await templateOf(admin, adminUrl)}`)
  } finally {
    await admin.end()
  }
  return { url: databaseUrl(adminUrl, name), close: () => dropDatabase(adminUrl, name) }
}

async function migratedTemplate(admin: pg.Client, adminUrl: string): Promise<string> {
  const template = 'mopl_template'
  const { rowCount } = await admin.query('select 1 from pg_database where datname = $1', [template])
  if (rowCount === 0) await admin.query(`create database ${template}`)
  await migrate(databaseUrl(adminUrl, template))
  return template
}

async function dropDatabase(adminUrl: string, name: string): Promise<void> {
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  await admin.query(`drop database ${name} with (force)`)
  await admin.end()
}

function databaseUrl(adminUrl: string, name: string): string {
  const url = new URL(adminUrl)
  url.pathname = `/${name}`
  return url.href
}

/** How many statements of this database wait for somebody else's lock. */
export async function waitingForLocks(db: Db): Promise<number> {
  return db.$count(sql`pg_stat_activity`, sql`datname = current_database() and wait_event_type = 'Lock'`)
}

/** What `work` rejects with; `undefined` when it does not. */
export function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  )
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}

export type TestApp = {
  url: string
  pid: number
  /** Everything the process wrote so far. */
  output(): string
  kill(signal: NodeJS.Signals): void
  /** Settles when the process is gone. */
  exited: Promise<Ending>
  /** SIGTERM, and the end. Rejects when the process has died of a signal that this test did not send. */
  close(): Promise<void>
}

/** The exit code of a process, or the signal that ended it. */
export type Ending = number | NodeJS.Signals

export function endingOf(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code ?? 0)))
}

/** Starts an app as its own process, the way it runs in production, and waits until it is ready. */
export async function startApp(
  app: 'api' | 'socket' | 'worker' | 'batch',
  env: Record<string, string>,
): Promise<TestApp> {
  const port = env['PORT'] ?? String(await freePort())
  const [command, file] = app === 'api' || app === 'batch' ? ['bun', 'src/main.ts'] : ['node', 'dist/main.js']
  const flags = command === 'node' ? ['--enable-source-maps'] : []
  const child = spawn(command, [...flags, `${root}apps/${app}/${file}`], {
    env: { ...process.env, ...env, PORT: port },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const chunks: string[] = []
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk))
  const exited = endingOf(child)
  const sent = new Set<Ending>(['SIGTERM'])
  const output = () => chunks.join('')
  const url = `http://127.0.0.1:${port}`
  const ready = eventually(`${app} is ready`, async () => (await fetch(`${url}/actuator/health/readiness`)).ok, 20_000)
  const started = await Promise.race([
    ready.then(
      () => true,
      () => false,
    ),
    exited.then(() => false),
  ])
  if (!started) {
    child.kill('SIGKILL')
    ready.catch(() => undefined)
    throw new Error(`${app} did not become ready:\n${output().slice(-4_000)}`)
  }
  return {
    url,
    pid: child.pid ?? 0,
    output,
    kill: (signal) => {
      sent.add(signal)
      child.kill(signal)
    },
    exited,
    close: async () => {
      child.kill('SIGTERM')
      const ending = await exited
      if (typeof ending === 'string' && !sent.has(ending))
        throw new Error(`${app} died of ${ending}:\n${output().slice(-4_000)}`)
    },
  }
}
