import { eventually, testEnv } from '@mopl/infrastructure/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { Tally } from '../tally.ts'
import { aContext, openTestBatch, type TestBatch } from '../test-data.ts'
import { reindex } from './reindex.ts'
import { listLeftovers, listSearchIndexes } from './search-indexes.ts'

const names = [
  'ix_contents_bigrams',
  'ix_contents_letters',
  'ix_direct_messages_bigrams',
  'ix_playlists_bigrams',
  'ix_playlists_letters',
  'ix_users_email_bigrams',
  'ix_users_name_bigrams',
]
const rowCount = 5_000
let batch: TestBatch

beforeAll(async () => {
  batch = await openTestBatch()
  await batch.db.execute(sql`
    insert into contents (id, type, title, description)
    select gen_random_uuid(), 'movie', '영화 ' || i || md5(i::text), '살인의 추억 ' || md5(random()::text)
    from generate_series(1, ${rowCount}::int) as i`)
  await batch.db.execute(sql`insert into contents (id, type, title, description)
    values (gen_random_uuid(), 'movie', '기생충', '반지하')`)
  await batch.db.execute(sql`analyze contents`)
})
afterAll(() => batch.close())
afterEach(async () => expect(await search('기생충')).toEqual(['기생충']))

async function search(keyword: string): Promise<string[]> {
  const { rows } = await batch.db.execute<{ title: string }>(searching(keyword))
  return rows.map((row) => row.title)
}

const searching = (keyword: string) => sql`
  select title from contents
  where bigrams(title || ' ' || description) @> bigrams(${keyword}) and title ilike ${`%${keyword}%`}`

async function planOf(keyword: string): Promise<string> {
  const { rows } = await batch.db.execute<{ 'QUERY PLAN': string }>(sql`explain ${searching(keyword)}`)
  return rows.map((row) => row['QUERY PLAN']).join('\n')
}

const indexOf = async (name: string) => (await listSearchIndexes(batch.db)).find((index) => index.name === name)

async function rebuildOnce(): Promise<Tally> {
  const context = aContext(batch)
  await reindex.run(context)
  return context.tally
}

/** A transaction that has seen the database as it was: a rebuild cannot switch before it ends. */
async function aLongLook() {
  const client = await batch.postgres.pool.connect()
  await client.query('set idle_in_transaction_session_timeout = 0')
  await client.query('begin isolation level repeatable read')
  await client.query('select from tags')
  let isOpen = true
  const end = () => {
    if (isOpen) client.release(true)
    isOpen = false
  }
  return { end }
}

/** The whole command as a process, waiting right before the switch. */
async function startBeforeTheSwitch() {
  const child = Bun.spawn(['bun', '--no-env-file', `${import.meta.dir}/../run.ts`, 'reindex', '--json'], {
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: batch.url,
      REDIS_URL: testEnv('REDIS_URL'),
      MEDIA_DIR: '/nonexistent',
    },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  await eventually('it waits for the long look', async () => (await phase())?.includes('waiting for old snapshots'))
  return child
}

async function phase(): Promise<string | undefined> {
  const { rows } = await batch.db.execute<{ phase: string }>(sql`
    select phase from pg_stat_progress_create_index where datname = current_database()`)
  return rows[0]?.phase
}

const isOver = async () => (await phase()) === undefined

test('every search index is rebuilt, smaller where it had swollen, and searches use it', async () => {
  await rebuildOnce()
  await batch.db.execute(sql`update contents set description = description || '!'`)
  await batch.db.execute(sql`vacuum analyze contents`)
  const before = await indexOf('ix_contents_bigrams')

  const { counts, details } = await rebuildOnce()

  expect(counts).toEqual({ 'removed-leftovers': 0, 'rebuilt-indexes': names.length, 'repaired-indexes': 0 })
  expect(Object.keys(counts).toSorted()).toEqual(reindex.kinds.toSorted())
  expect(details.map((detail) => detail['index'])).toEqual(names)
  const after = await indexOf('ix_contents_bigrams')
  expect(details[0]).toMatchObject({ table: 'contents', bytes: before!.bytes, bytesAfter: after!.bytes })
  expect(after!.bytes).toBeLessThan(before!.bytes)
  expect(details[0]!['swollenPercent']).toBeGreaterThan(10)
  expect(await planOf('기생충')).toContain('ix_contents_bigrams')
})

test('a dry run tells sizes and validity, and touches nothing', async () => {
  const file = async () =>
    (await batch.db.execute(sql`select pg_relation_filenode('ix_contents_bigrams') as file`)).rows
  const before = await file()
  const context = aContext(batch, { dryRun: true })
  await reindex.run(context)
  expect(context.tally.details.map((detail) => [detail['index'], detail['isValid']])).toEqual(
    names.map((name) => [name, true]),
  )
  expect(context.tally.details[0]!['bytes']).toBeGreaterThan(100_000)
  expect(await file()).toEqual(before)
})

test('how far a build has come is told phase by phase', async () => {
  const look = await aLongLook()
  const shown: string[] = []
  const running = reindex.run(aContext(batch, { tally: new Tally((what) => void shown.push(what)) }))
  await eventually('a wait is told', () => shown.includes('ix_contents_bigrams: waiting for old snapshots')).finally(
    look.end,
  )
  await running
})

describe('while an index is rebuilt', () => {
  let look: Awaited<ReturnType<typeof aLongLook>>
  beforeEach(async () => void (look = await aLongLook()))
  afterEach(() => look.end())

  test('searches find what is written meanwhile, and by the index', async () => {
    const running = reindex.run(aContext(batch))
    await eventually('the new one stands beside the live one', async () => (await listLeftovers(batch.db)).length === 1)
    await batch.db.execute(sql`insert into contents (id, type, title, description)
      values (gen_random_uuid(), 'movie', '설국열차', '')`)
    expect(await search('설국열차')).toEqual(['설국열차'])
    expect(await planOf('설국열차')).toContain('ix_contents_bigrams')
    expect(await listLeftovers(batch.db)).toHaveLength(1)
    look.end()
    await running
    expect(await search('설국열차')).toEqual(['설국열차'])
    expect(await planOf('설국열차')).toContain('ix_contents_bigrams')
  })

  test('a kill -9 leaves the live one as it was, and the next run removes the half-built one and goes on', async () => {
    const child = await startBeforeTheSwitch()
    child.kill('SIGKILL')
    await child.exited
    await eventually('PostgreSQL gives it up', isOver)
    look.end()
    expect(await listLeftovers(batch.db)).toEqual(['ix_contents_bigrams_ccnew'])
    expect(await search('기생충')).toEqual(['기생충'])

    const { counts } = await rebuildOnce()

    expect(counts).toEqual({ 'removed-leftovers': 1, 'rebuilt-indexes': names.length, 'repaired-indexes': 0 })
    expect(await listLeftovers(batch.db)).toEqual([])
  })

  test('SIGTERM calls it off at once, leaves nothing behind, and exits 1', async () => {
    const child = await startBeforeTheSwitch()
    child.kill('SIGTERM')
    const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
    expect({ code, err }).toEqual({ code: 1, err: 'reindex was interrupted; run it again to go on\n' })
    expect(JSON.parse(out)).toMatchObject({ outcome: 'interrupted', counts: { 'rebuilt-indexes': 0 } })
    expect(await isOver()).toBe(true)
    expect(await listLeftovers(batch.db)).toEqual([])
    look.end()
  })
})

test('an index that is invalid, so that no search uses it, is repaired', async () => {
  await batch.db.execute(sql`
    update pg_index set indisvalid = false where indexrelid = 'ix_contents_bigrams'::regclass`)
  expect((await indexOf('ix_contents_bigrams'))?.isValid).toBe(false)
  expect(await planOf('기생충')).not.toContain('ix_contents_bigrams')

  expect((await rebuildOnce()).counts).toMatchObject({ 'repaired-indexes': 1 })

  expect((await indexOf('ix_contents_bigrams'))?.isValid).toBe(true)
  expect(await planOf('기생충')).toContain('ix_contents_bigrams')
})
