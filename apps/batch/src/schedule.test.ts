import { redisKeys } from '@mopl/contracts/redis-keys'
import { newId } from '@mopl/infrastructure/ids'
import { createLog } from '@mopl/infrastructure/log'
import { createFolder } from '@mopl/infrastructure/picture-storage'
import { openPostgres } from '@mopl/infrastructure/postgres'
import { outboxEvents } from '@mopl/infrastructure/tables'
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { Cron } from 'croner'
import { sql } from 'drizzle-orm'
import { Registry } from 'prom-client'
import * as v from 'valibot'
import { CollectEnv } from './collect/settings.ts'
import { createHistoryMetrics } from './history-metrics.ts'
import { jobNames, jobs } from './jobs/index.ts'
import { timezone } from './jobs/job.ts'
import { createBatchMetrics, intervalSeconds } from './metrics.ts'
import { runAtTick, type ScheduleDeps, startSchedule } from './schedule.ts'
import { openTestBatch } from './test-data.ts'

const log = createLog('batch-test', 'silent')
const settings = v.parse(CollectEnv, {})
const never = new AbortController().signal
let batch: Awaited<ReturnType<typeof openTestBatch>>

beforeAll(async () => void (batch = await openTestBatch()))
afterAll(() => batch.close())

afterEach(async () => void (await batch.db.execute(sql`truncate outbox_events, batch_runs`)))

/** A moment of its own for each test, because ticks are claimed for everybody on this Redis. */
function aMoment(): Date {
  return new Date(Date.UTC(2030, 0, 1) + Math.floor(Math.random() * 1e8) * 60_000)
}

function anInstance(now: () => Date, postgres = batch.postgres) {
  const registry = new Registry()
  const metrics = createBatchMetrics(registry)
  createHistoryMetrics(registry, batch.db, jobNames)
  const deps: ScheduleDeps = {
    postgres,
    redis: batch.redis,
    pictures: createFolder('/nonexistent'),
    settings,
    now,
    metrics,
    log,
  }
  return { deps, registry }
}

async function runs(instance: { registry: Registry }): Promise<Record<string, number>> {
  const metric = await instance.registry.getSingleMetric('mopl_batch_runs_total')?.get()
  const ofCleanup = metric?.values.filter(({ labels, value }) => labels['batch_job'] === 'cleanup' && value > 0)
  return Object.fromEntries(ofCleanup?.map(({ labels, value }) => [labels['outcome'], value]) ?? [])
}

test('cleanup runs at 04:30 in Seoul, wherever the server stands', () => {
  const next = new Cron(jobs.cleanup.schedule, { timezone, paused: true }).nextRun(new Date('2026-03-01T12:00:00Z'))
  expect(next?.toISOString()).toBe('2026-03-01T19:30:00.000Z')
})

test('every job has a schedule of minutes that comes up every day, and reindex every week', () => {
  const days = Object.fromEntries(
    jobNames.map((name) => {
      expect(jobs[name].schedule.split(' ')).toHaveLength(5)
      return [name, intervalSeconds(jobs[name].schedule) / (24 * 60 * 60)]
    }),
  )
  expect(days).toEqual({ cleanup: 1, recount: 1, reindex: 7, 'collect-tmdb': 1, 'collect-sports': 1 })
})

test('of two instances at one tick one runs the job, and a late one does not run it again', async () => {
  const now = aMoment()
  const late = new Date(Math.floor(now.getTime() / 60_000) * 60_000 + 59_000)
  const [one, other, laggard] = [anInstance(() => now), anInstance(() => now), anInstance(() => late)]
  await Promise.all([runAtTick(one.deps, 'cleanup', never), runAtTick(other.deps, 'cleanup', never)])
  await runAtTick(laggard.deps, 'cleanup', never)
  expect([await runs(one), await runs(other)].toSorted((a) => ('succeeded' in a ? -1 : 1))).toEqual([
    { succeeded: 1 },
    { elsewhere: 1 },
  ])
  expect(await runs(laggard)).toEqual({ elsewhere: 1 })
})

test('a run says what it changed, and when a job last succeeded is known to every instance', async () => {
  await batch.db.insert(outboxEvents).values({
    id: newId(),
    aggregatetype: 'user',
    aggregateid: 'a',
    type: 'user.registered',
    payload: {},
    publishedAt: new Date(0),
  })
  const now = aMoment()
  const [one, other] = [anInstance(() => now), anInstance(() => now)]
  await runAtTick(one.deps, 'cleanup', never)
  expect(await one.registry.metrics()).toContain(
    'mopl_batch_changed_total{batch_job="cleanup",kind="published-outbox-events"} 1',
  )
  expect(await other.registry.metrics()).toContain(
    `mopl_batch_last_success_timestamp_seconds{batch_job="cleanup"} ${now.getTime() / 1_000}`,
  )
  expect(await other.registry.metrics()).toContain(
    'mopl_batch_last_run_changed{batch_job="cleanup",kind="published-outbox-events"} 1',
  )
})

test('a database that is away makes a failed run, not a dead process', async () => {
  const away = openPostgres({ url: 'postgres://x@127.0.0.1:1/x', poolSize: 1, application: 'batch-test', log })
  const now = aMoment()
  const instance = anInstance(() => now, away)
  await runAtTick(instance.deps, 'cleanup', never)
  await away.close()
  expect(await runs(instance)).toEqual({ failed: 1 })
})

test('stopping waits for nothing when nothing runs', async () => {
  await startSchedule(anInstance(() => new Date()).deps).close()
  expect(await batch.redis.exists(redisKeys.batchTick('cleanup', 'never'))).toBe(0)
})
