/** One run of one job: locked, recorded, timed by its start. */
import type { Postgres } from '@mopl/infrastructure/postgres'
import type { PictureStorage } from '@mopl/infrastructure/picture-storage'
import type { RedisClient } from '@mopl/infrastructure/redis'
import type { CollectSettings } from './collect/settings.ts'
import { recorded } from './history.ts'
import { withJobLock } from './job-lock.ts'
import { type JobName, jobs } from './jobs/index.ts'
import type { Outcome } from './metrics.ts'
import type { Tally } from './tally.ts'

export type BatchDeps = {
  postgres: Postgres
  redis: RedisClient
  pictures: PictureStorage
  settings: CollectSettings
  now: () => Date
}
export type RunOptions = { dryRun: boolean; tally: Tally; signal: AbortSignal }

/** Runs the job unless somebody else does. What it changed is in `tally`, also when it throws. A dry run leaves no record. */
export async function runJob(deps: BatchDeps, name: JobName, options: RunOptions): Promise<Outcome> {
  const { postgres, redis, pictures, settings, now } = deps
  const { db, pool } = postgres
  const { dryRun, tally } = options
  const outcome = await withJobLock(pool, name, options.signal, async (signal) => {
    const run = async (): Promise<Outcome> => {
      await jobs[name].run({ db, pool, redis, pictures, settings, now: now(), dryRun, tally, signal })
      return signal.aborted ? 'interrupted' : 'succeeded'
    }
    return dryRun ? run() : recorded({ db, now }, name, tally, run)
  })
  return outcome ?? 'elsewhere'
}
