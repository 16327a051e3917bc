import { rowCounts } from '@mopl/infrastructure/tables'
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { aContent, aContext, aUser, openTestBatch, type TestBatch } from '../test-data.ts'
import { recountRows, rowCountDriftKind } from './row-count-drift.ts'

let batch: TestBatch
beforeAll(async () => void (batch = await openTestBatch()))
afterAll(() => batch.close())
afterEach(async () => void (await batch.db.execute(sql`truncate users, contents cascade`)))

async function recount(changes = {}) {
  const context = aContext(batch, changes)
  await recountRows(context)
  return context.tally
}

async function kept() {
  const { rows } = await batch.db.execute<{ name: string; rows: number }>(sql`
    select concat_ws('/', relation, nullif(part, '')) as name, sum(rows)::int as rows from ${rowCounts}
    group by relation, part having sum(rows) <> 0 order by name`)
  return Object.fromEntries(rows.map((row) => [row.name, row.rows]))
}

/** Writes as a load with triggers off does. */
const withoutTriggers = (write: () => ReturnType<typeof sql>) =>
  batch.db.transaction(async (tx) => {
    await tx.execute(sql`set local session_replication_role = replica`)
    await tx.execute(write())
  })

test('rows that came or went behind the triggers are counted, reported and made up for', async () => {
  for (let index = 0; index < 3; index += 1) await aUser(batch.db)
  await aContent(batch.db)
  await withoutTriggers(() => sql`delete from users where id = (select min(id::text)::uuid from users)`)
  await withoutTriggers(
    () => sql`
      insert into contents (id, type, title, description) select gen_random_uuid(), 'sport', 'x', '' from generate_series(1, 5)`,
  )
  expect((await recount({ dryRun: true })).counts).toEqual({ [rowCountDriftKind]: 2 })
  expect(await kept()).toEqual({ 'contents/movie': 1, users: 3 })

  const { counts, details } = await recount()

  expect(counts).toEqual({ [rowCountDriftKind]: 2 })
  expect(details).toEqual([
    { kind: rowCountDriftKind, relation: 'contents', part: 'sport', count: 0, expectedCount: 5 },
    { kind: rowCountDriftKind, relation: 'users', part: '', count: 3, expectedCount: 2 },
  ])
  expect(await kept()).toEqual({ 'contents/movie': 1, 'contents/sport': 5, users: 2 })
  expect((await recount()).counts).toEqual({ [rowCountDriftKind]: 0 })
})

test('what is written while it counts is neither lost nor counted twice', async () => {
  await aContent(batch.db)
  await withoutTriggers(
    () => sql`insert into contents (id, type, title, description)
    values (gen_random_uuid(), 'movie', 'x', '')`,
  )
  const writing = Promise.all(Array.from({ length: 40 }, () => aContent(batch.db)))
  await recount()
  await writing
  expect(await kept()).toEqual({ 'contents/movie': 42 })
  expect((await recount()).counts).toEqual({ [rowCountDriftKind]: 0 })
})
