/** Every job by its name. `bun run batch:<name>` runs one once, `main.ts` runs all of them on schedule. */
import { cleanup } from './cleanup.ts'
import type { Job } from './job.ts'
import { recount } from './recount.ts'

export const jobs = { cleanup, recount } as const satisfies Record<string, Job>

export type JobName = keyof typeof jobs
export const jobNames = Object.keys(jobs) as JobName[]

export function isJobName(name: string): name is JobName {
  return Object.hasOwn(jobs, name)
}
