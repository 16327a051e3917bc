import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { migrate } from './migrate.ts'
import { createEmptyDatabase, eventually, failureOf, type TestDatabase } from './testing.ts'

let database: TestDatabase
let client: pg.Client
let directory: string

beforeEach(async () => {
  database = await createEmptyDatabase()
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
  directory = await mkdtemp(join(tmpdir(), 'mopl-migrations-'))
})
afterEach(async () => {
  await client.end()
  await database.close()
  await rm(directory, { recursive: true })
})

const file = (name: string, text: string) => writeFile(join(directory, name), text)

async function tablesNow(): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public' and tablename <> 'schema_migrations' order by 1`,
  )
  return rows.map((row) => row.name)
}

test('every file is applied once, in order of the names', async () => {
  const ours = (await readdir(new URL('../../../migrations/', import.meta.url))).toSorted()
  expect(await migrate(database.url)).toEqual(ours)
  expect(await migrate(database.url)).toEqual([])
})

test('two processes that migrate at once apply each file once', async () => {
  await file('0001_a.sql', 'create table a (id int); select pg_sleep(0.2)')
  await file('0002_b.sql', 'create table b (id int)')
  const applied = await Promise.all([migrate(database.url, directory), migrate(database.url, directory)])
  expect(applied.toSorted((a, b) => a.length - b.length)).toEqual([[], ['0001_a.sql', '0002_b.sql']])
})

test('a file that fails leaves nothing of itself, keeps what came before, and can be tried again', async () => {
  await file('0001_good.sql', 'create table good (id int)')
  await file('0002_bad.sql', 'create table half (id int); create table half (id int)')
  await file('0003_later.sql', 'create table later (id int)')

  expect(String(await failureOf(migrate(database.url, directory)))).toContain('0002_bad.sql')
  expect(await tablesNow()).toEqual(['good'])

  await file('0002_bad.sql', 'create table half (id int)')
  expect(await migrate(database.url, directory)).toEqual(['0002_bad.sql', '0003_later.sql'])
})

test('an index is built concurrently in a file that asks for no transaction', async () => {
  await file('0001_table.sql', 'create table a (id int)')
  await file(
    '0002_index.sql',
    '-- no-transaction\ncreate index concurrently if not exists ix_a on a (id);\nanalyze a;\n',
  )
  await migrate(database.url, directory)
  const { rows } = await client.query<{ valid: boolean }>(
    `select indisvalid as valid from pg_index where indexrelid = 'ix_a'::regclass`,
  )
  expect(rows).toEqual([{ valid: true }])
})

test('a migration does not queue the live system behind itself: it gives up on a lock after 5 s', async () => {
  await file('0001_table.sql', 'create table busy (id int)')
  await migrate(database.url, directory)
  await file('0002_column.sql', 'alter table busy add column name text')
  await client.query('begin')
  await client.query('lock table busy in access share mode')

  const failure = failureOf(migrate(database.url, directory))
  const watcher = new pg.Client({ connectionString: database.url })
  await watcher.connect()
  await eventually('the migration waits', async () => {
    const { rows } = await watcher.query(`select from pg_locks where not granted and relation = 'busy'::regclass`)
    return rows.length === 1
  })
  await watcher.end()
  expect(String(await failure)).toContain('0002_column.sql')
  await client.query('rollback')
  expect(await migrate(database.url, directory)).toEqual(['0002_column.sql'])
}, 20_000)
