/** Every job by its name. `bun run batch:<name>` runs one once, `main.ts` runs all of them on schedule. */
import type { CollectSettings } from '../collect/settings.ts'
import { cleanup } from './cleanup.ts'
import { collectSports } from './collect-sports.ts'
import { collectTmdb } from './collect-tmdb.ts'
import type { Job } from './job.ts'
import { recount } from './recount.ts'
import { reindex } from './reindex.ts'

const all = { cleanup, recount, reindex, 'collect-tmdb': collectTmdb, 'collect-sports': collectSports }

export type JobName = keyof typeof all
export const jobs: Readonly<Record<JobName, Job>> = all
export const jobNames = Object.keys(jobs) as JobName[]

export function isJobName(name: string): name is JobName {
  return Object.hasOwn(jobs, name)
}

/** Those that have all that they need. */
export function scheduledJobs(settings: CollectSettings): JobName[] {
  return jobNames.filter((name) => jobs[name].missing?.(settings) === undefined)
}
