/** The worker's batches, played by a connection that locks the same rows the other way round and wins. */
import { contents } from '@mopl/infrastructure/tables'
import { eventually, waitingForLocks } from '@mopl/infrastructure/testing'
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { inArray, sql } from 'drizzle-orm'
import { aContent, aContext, openTestBatch, type TestBatch } from '../test-data.ts'
import { retryDeadlocks } from './deadlocks.ts'
import { repairDrift } from './drift.ts'
import type { JobContext } from './job.ts'
import { ratingDrift } from './rating-drift.ts'
import { recountWatchers } from './watcher-drift.ts'

let batch: TestBatch
beforeAll(async () => void (batch = await openTestBatch()))
afterAll(() => batch.close())

async function deadlocks(): Promise<number> {
  const { rows } = await batch.db.execute<{ deadlocks: string }>(
    sql`select pg_stat_get_db_deadlocks(oid) as deadlocks from pg_database where datname = current_database()`,
  )
  return Number(rows[0]?.deadlocks)
}

/** Runs `recount` while another transaction takes the second row, waits until the recount wants it, and then wants the first. */
async function crossing(ids: readonly [string, string], recount: () => Promise<unknown>): Promise<void> {
  const before = await deadlocks()
  const worker = await batch.postgres.pool.connect()
  const touch = (id: string) => worker.query('update contents set title = title where id = $1', [id])
  try {
    // Does not look for deadlocks, and so is never the one that is ended.
    await worker.query(`set deadlock_timeout = '1min'`)
    await worker.query('begin')
    await touch(ids[1])
    const running = recount()
    await eventually('the recount waits', async () => (await waitingForLocks(batch.db)) === 1)
    await touch(ids[0])
    await worker.query('commit')
    await running
  } finally {
    worker.release(true)
  }
  await eventually('the deadlock is known', async () => (await deadlocks()) === before + 1)
}

const stored = async (ids: readonly string[]) =>
  batch.db
    .select()
    .from(contents)
    .where(inArray(contents.id, [...ids]))

test('a recount that PostgreSQL ends because of a deadlock repairs its chunk all the same', async () => {
  const ids = [
    await aContent(batch.db, { reviewCount: 9, ratingSum: 9 }),
    await aContent(batch.db, { reviewCount: 9, ratingSum: 9 }),
  ] as const
  const context: JobContext = aContext(batch)
  await crossing(ids, () => repairDrift(context, ratingDrift))
  expect(context.tally.counts).toEqual({ [ratingDrift.kind]: 2 })
  expect((await stored(ids)).map(({ reviewCount }) => reviewCount)).toEqual([0, 0])
})

test('so does the recount of watchers, except of what was written meanwhile', async () => {
  const ids = [await aContent(batch.db, { watcherCount: 5 }), await aContent(batch.db, { watcherCount: 6 })] as const
  const other = await aContent(batch.db, { watcherCount: 7 })
  await crossing(ids, () => recountWatchers(aContext(batch), async () => undefined))
  expect(new Set((await stored(ids)).map(({ watcherCount }) => watcherCount))).toEqual(new Set([5, 6]))
  expect((await stored([other]))[0]?.watcherCount).toBe(0)
})

test('any other error is not tried again, and deadlocks without end are told', async () => {
  let calls = 0
  const failing = (error: string) => () => {
    calls += 1
    return batch.db.execute(sql.raw(`do $$ begin raise exception using errcode = '${error}'; end $$`))
  }
  expect(await retryDeadlocks(failing('23514')).catch(() => calls)).toBe(1)
  calls = 0
  expect(await retryDeadlocks(failing('40P01')).catch(() => calls)).toBe(5)
})
