/** One run of one job: locked, timed by its start, its success remembered. */
import type { Postgres } from '@mopl/infrastructure/postgres'
import type { RedisClient } from '@mopl/infrastructure/redis'
import { withJobLock } from './job-lock.ts'
import { type JobName, jobs } from './jobs/index.ts'
import { recordSuccess } from './last-success.ts'
import type { Outcome } from './metrics.ts'
import type { Tally } from './tally.ts'

export type BatchDeps = { postgres: Postgres; redis: RedisClient; mediaDir: string; now: () => Date }
export type RunOptions = { dryRun: boolean; tally: Tally; signal: AbortSignal }

/** Runs the job unless somebody else does. What it changed is in `tally`, also when it throws. */
export async function runJob(deps: BatchDeps, name: JobName, options: RunOptions): Promise<Outcome> {
  const { postgres, redis, mediaDir, now } = deps
  const { dryRun, tally } = options
  const outcome = await withJobLock(postgres.pool, name, options.signal, async (signal): Promise<Outcome> => {
    await jobs[name].run({ db: postgres.db, mediaDir, now: now(), dryRun, tally, signal })
    if (signal.aborted) return 'interrupted'
    if (!dryRun) await recordSuccess(redis, name, now())
    return 'succeeded'
  })
  return outcome ?? 'elsewhere'
}
