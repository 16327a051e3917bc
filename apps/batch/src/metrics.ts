/**
 * The vocabulary of the batch app. Labels come from closed sets: the jobs, the outcomes, the kinds that jobs count.
 * The label is `batch_job` because Prometheus keeps `job` for itself.
 */
import { Cron } from 'croner'
import { Counter, Gauge, type Registry } from 'prom-client'
import { timezone } from './jobs/job.ts'
import { jobNames, jobs } from './jobs/index.ts'

const outcomes = ['succeeded', 'failed', 'interrupted', 'elsewhere'] as const
/** `elsewhere`: another instance runs this job, or already ran it at this tick. */
export type Outcome = (typeof outcomes)[number]

export type BatchMetrics = ReturnType<typeof createBatchMetrics>

export function createBatchMetrics(registry: Registry) {
  const registers = [registry]
  const runs = new Counter({
    name: 'mopl_batch_runs_total',
    help: 'Scheduled runs of a job by how they ended',
    labelNames: ['batch_job', 'outcome'],
    registers,
  })
  const changed = new Counter({
    name: 'mopl_batch_changed_total',
    help: 'Rows and files that a job removed or repaired, by kind',
    labelNames: ['batch_job', 'kind'],
    registers,
  })
  const interval = new Gauge({
    name: 'mopl_batch_interval_seconds',
    help: 'The time between two scheduled runs of a job: a day, or a week',
    labelNames: ['batch_job'],
    registers,
  })
  for (const batch_job of jobNames) {
    interval.set({ batch_job }, intervalSeconds(jobs[batch_job].schedule))
    for (const outcome of outcomes) runs.inc({ batch_job, outcome }, 0)
    for (const kind of jobs[batch_job].kinds) changed.inc({ batch_job, kind }, 0)
  }
  return { runs, changed, interval }
}

/** Seoul has no daylight saving time, so that any two ticks will do. */
export function intervalSeconds(schedule: string): number {
  const [first, second] = new Cron(schedule, { timezone, paused: true }).nextRuns(2)
  return (Number(second) - Number(first)) / 1_000
}
