import { openPostgres } from '@mopl/infrastructure/postgres'
import { createLog } from '@mopl/infrastructure/log'
import { failureOf } from '@mopl/infrastructure/testing'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { Registry } from 'prom-client'
import { createHistoryMetrics } from './history-metrics.ts'
import { lastRuns, listRuns, recorded } from './history.ts'
import type { Outcome } from './metrics.ts'
import { Tally } from './tally.ts'
import { openTestBatch } from './test-data.ts'

let batch: Awaited<ReturnType<typeof openTestBatch>>
beforeAll(async () => void (batch = await openTestBatch()))
afterAll(() => batch.close())
afterEach(async () => void (await batch.db.execute(sql`truncate batch_runs`)))

/** A clock whose every reading is a second after the one before. */
function aClock(start: string) {
  let at = Date.parse(start) - 1_000
  return () => new Date((at += 1_000))
}

const record = (job: string, run: (tally: Tally) => Promise<Outcome>, now = aClock('2026-03-01T19:30:00Z')) => {
  const tally = new Tally()
  return recorded({ db: batch.db, now }, job, tally, () => run(tally))
}

const succeeding = async (tally: Tally): Promise<Outcome> => {
  tally.begin('unused-tags', 3)
  tally.add(3)
  return 'succeeded'
}

describe('the record of a run', () => {
  test('says when it started and ended, how, and what it changed', async () => {
    expect(await record('cleanup', succeeding)).toBe('succeeded')
    expect(await listRuns(batch.db, { limit: 9 })).toMatchObject([
      {
        job: 'cleanup',
        outcome: 'succeeded',
        startedAt: new Date('2026-03-01T19:30:00Z'),
        endedAt: new Date('2026-03-01T19:30:01Z'),
        counts: { 'unused-tags': 3 },
        reason: null,
      },
    ])
  })

  test('of one that failed says why, and what it had done by then', async () => {
    const failing = record('cleanup', async (tally) => {
      await succeeding(tally)
      throw new Error('the disk is full')
    })
    expect(String(await failureOf(failing))).toContain('the disk is full')
    expect(await listRuns(batch.db, { limit: 9 })).toMatchObject([
      { outcome: 'failed', counts: { 'unused-tags': 3 }, reason: 'the disk is full' },
    ])
  })

  test('is open while it runs; of one that died it is closed by the next run, of the same job only', async () => {
    await batch.db.execute(sql`
      insert into batch_runs (id, job, started_at) values
        (gen_random_uuid(), 'cleanup', '2026-01-01'), (gen_random_uuid(), 'another', '2026-01-01')`)
    await record('cleanup', async (tally) => {
      expect((await listRuns(batch.db, { job: 'cleanup', limit: 9 })).map((run) => run.outcome)).toEqual([
        'running',
        'killed',
      ])
      return succeeding(tally)
    })
    expect(await listRuns(batch.db, { job: 'another', limit: 9 })).toMatchObject([{ outcome: 'running' }])
  })

  test('the list is newest first and as long as asked', async () => {
    for (const day of ['01', '02', '03']) await record('cleanup', succeeding, aClock(`2026-03-${day}T00:00:00Z`))
    const days = (await listRuns(batch.db, { limit: 2 })).map((run) => run.startedAt.getUTCDate())
    expect(days).toEqual([3, 2])
  })
})

describe('the metrics of the history', () => {
  const scrape = (db = batch.db) => {
    const registry = new Registry()
    createHistoryMetrics(registry, db, ['cleanup', 'recount'])
    return registry.metrics()
  }

  test('tell of the last run of each job, and of its last success', async () => {
    await record('cleanup', succeeding, aClock('2026-03-01T00:00:00Z'))
    await failureOf(record('cleanup', () => Promise.reject(new Error('broken')), aClock('2026-03-02T00:00:00Z')))
    const metrics = await scrape()
    expect(metrics).toContain('mopl_batch_last_run_outcome{batch_job="cleanup",outcome="failed"} 1\n')
    expect(metrics).toContain('mopl_batch_last_run_outcome{batch_job="cleanup",outcome="succeeded"} 0\n')
    expect(metrics).toContain('mopl_batch_last_run_duration_seconds{batch_job="cleanup"} 1\n')
    const success = Date.parse('2026-03-01T00:00:01Z') / 1_000
    expect(metrics).toContain(`mopl_batch_last_success_timestamp_seconds{batch_job="cleanup"} ${success}\n`)
  })

  test('do not tell of a run that goes on, nor of a job that is not on the schedule', async () => {
    await record('retired', succeeding)
    await record('recount', async (tally) => {
      expect(await lastRuns(batch.db, ['recount'])).toEqual([])
      expect(await scrape()).not.toContain('batch_job=')
      return succeeding(tally)
    })
  })

  test('are absent, not an error, while PostgreSQL is away', async () => {
    const log = createLog('batch-test', 'silent')
    const away = openPostgres({ url: 'postgres://x@127.0.0.1:1/x', poolSize: 1, application: 'batch-test', log })
    expect(await scrape(away.db)).not.toContain('batch_job=')
    await away.close()
  })
})
