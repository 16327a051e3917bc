/**
 * The history as metrics: whatever ran a job, an instance or a hand, every instance tells of it. Read at scrape, and
 * absent while PostgreSQL is away, so that a scrape answers with everything else.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { type Db, isPostgresUnavailable } from '@mopl/infrastructure/postgres'
import { Gauge, type Registry } from 'prom-client'
import { lastRuns, lastSuccesses } from './history.ts'

/** Less than the scrape's own deadline. */
const deadlineMs = 1_000
const outcomes = ['succeeded', 'failed', 'interrupted', 'killed'] as const

/** Of the jobs `names`: one that is not on the schedule cannot be late. */
export function createHistoryMetrics(registry: Registry, db: Db, names: readonly string[]) {
  const registers = [registry]
  const latest = shared(() => orNothing(lastRuns(db, names)))
  const lastSuccess = new Gauge({
    name: 'mopl_batch_last_success_timestamp_seconds',
    help: 'When a job last succeeded, on any instance or by hand; absent when it never did',
    labelNames: ['batch_job'],
    registers,
    async collect() {
      this.reset()
      for (const { job, at } of await orNothing(lastSuccesses(db, names)))
        this.set({ batch_job: job }, at.getTime() / 1_000)
    },
  })
  const lastOutcome = new Gauge({
    name: 'mopl_batch_last_run_outcome',
    help: '1 for how the last run of a job ended, 0 for the other ways; absent when it never ran',
    labelNames: ['batch_job', 'outcome'],
    registers,
    async collect() {
      this.reset()
      for (const run of await latest())
        for (const outcome of outcomes) this.set({ batch_job: run.job, outcome }, run.outcome === outcome ? 1 : 0)
    },
  })
  const lastDuration = new Gauge({
    name: 'mopl_batch_last_run_duration_seconds',
    help: 'How long the last run of a job took; absent when it was killed',
    labelNames: ['batch_job'],
    registers,
    async collect() {
      this.reset()
      for (const { job, startedAt, endedAt } of await latest())
        if (endedAt !== null) this.set({ batch_job: job }, (endedAt.getTime() - startedAt.getTime()) / 1_000)
    },
  })
  const lastChanged = new Gauge({
    name: 'mopl_batch_last_run_changed',
    help: 'What the last run of a job changed, by kind; for a recount, what had drifted',
    labelNames: ['batch_job', 'kind'],
    registers,
    async collect() {
      this.reset()
      for (const { job, counts } of await latest())
        for (const [kind, count] of Object.entries(counts)) this.set({ batch_job: job, kind }, count)
    },
  })
  return { lastSuccess, lastOutcome, lastDuration, lastChanged }
}

async function orNothing<T>(rows: Promise<T[]>): Promise<T[]> {
  const answer = rows.catch((error: unknown) => {
    if (isPostgresUnavailable(error)) return []
    throw error
  })
  const isAnswered = new AbortController()
  const late = delay(deadlineMs, [], { signal: isAnswered.signal }).catch(() => [])
  return Promise.race([answer, late]).finally(() => isAnswered.abort())
}

/** The gauges of one scrape ask at once: they get one answer. */
function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let asking: Promise<T> | undefined
  return () => (asking ??= ask().finally(() => (asking = undefined)))
}
