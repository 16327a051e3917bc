/** Runs every job on its schedule, in Seoul's time, once per tick however many instances there are. */
import { redisKeys, ttlSeconds } from '@mopl/contracts/redis-keys'
import type { Log } from '@mopl/infrastructure/log'
import { Cron } from 'croner'
import { timezone } from './jobs/job.ts'
import { type JobName, jobs, scheduledJobs } from './jobs/index.ts'
import type { BatchMetrics, Outcome } from './metrics.ts'
import { type BatchDeps, runJob } from './run-job.ts'
import { Tally } from './tally.ts'

export type ScheduleDeps = BatchDeps & { metrics: BatchMetrics; log: Log }

/** Starts the clocks. `close` stops them and waits for the chunks in hand. */
export function startSchedule(deps: ScheduleDeps): { close(): Promise<void> } {
  const stopping = new AbortController()
  const running = new Set<Promise<void>>()
  const clocks = scheduledJobs(deps.settings).map(
    (name) =>
      new Cron(jobs[name].schedule, { timezone, protect: true }, async () => {
        const run = runAtTick(deps, name, stopping.signal)
        running.add(run)
        await run.finally(() => running.delete(run))
      }),
  )
  return {
    async close() {
      for (const clock of clocks) clock.stop()
      stopping.abort()
      await Promise.all(running)
    },
  }
}

/** One tick of one job; never rejects, because a failed run is a metric, a log line and another try at the next tick. */
export async function runAtTick(deps: ScheduleDeps, job: JobName, signal: AbortSignal): Promise<void> {
  const { metrics, log, redis, now } = deps
  const tally = new Tally()
  const startedAt = now()
  const outcome = await claimTick(redis, job, startedAt)
    .then((isOurs): Outcome | Promise<Outcome> =>
      isOurs ? runJob(deps, job, { dryRun: false, tally, signal }) : 'elsewhere',
    )
    .catch((err: unknown): Outcome => {
      log.error({ err, job }, 'job failed')
      return 'failed'
    })
  metrics.runs.inc({ batch_job: job, outcome })
  for (const [kind, count] of Object.entries(tally.counts)) metrics.changed.inc({ batch_job: job, kind }, count)
  if (outcome === 'elsewhere') return
  const seconds = (now().getTime() - startedAt.getTime()) / 1_000
  log.info({ job, outcome, seconds, changed: tally.counts, details: tally.details }, 'job run')
}

/** The lock alone is not enough: an instance whose clock is a second late would run a short job again. */
async function claimTick(redis: ScheduleDeps['redis'], job: JobName, at: Date): Promise<boolean> {
  const minute = at.toISOString().slice(0, 16)
  return (await redis.set(redisKeys.batchTick(job, minute), '1', 'EX', ttlSeconds.batchTick, 'NX')) === 'OK'
}
