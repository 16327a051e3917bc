/** The history of runs, in `batch_runs`: shared by all instances and by runs by hand, and kept over restarts. */
import { newId } from '@mopl/infrastructure/ids'
import { type Db, isPostgresUnavailable } from '@mopl/infrastructure/postgres'
import { batchRuns } from '@mopl/infrastructure/tables'
import { and, desc, eq, inArray, max, ne } from 'drizzle-orm'
import type { Outcome } from './metrics.ts'
import { sentence } from './sentence.ts'
import type { Tally } from './tally.ts'

export type Run = typeof batchRuns.$inferSelect

const reasonCharacters = 1_000

/**
 * Calls `run` and keeps its start, its end, and what `tally` has by then. The caller holds the job's lock, so that a run
 * of the job that is still open belongs to a process that died.
 */
export async function recorded(
  { db, now }: { db: Db; now: () => Date },
  job: string,
  tally: Tally,
  run: () => Promise<Outcome>,
): Promise<Outcome> {
  const id = newId()
  await db.transaction(async (tx) => {
    const open = and(eq(batchRuns.job, job), eq(batchRuns.outcome, 'running'))
    await tx.update(batchRuns).set({ outcome: 'killed' }).where(open)
    await tx.insert(batchRuns).values({ id, job, startedAt: now() })
  })
  const end = (ending: Partial<Run>) =>
    db
      .update(batchRuns)
      .set({ ...ending, counts: tally.counts, endedAt: now() })
      .where(eq(batchRuns.id, id))
  let outcome: Outcome
  try {
    outcome = await run()
  } catch (error) {
    await end({ outcome: 'failed', reason: sentence(error).slice(0, reasonCharacters) }).catch((failure: unknown) => {
      // A database that is away takes no record either: the next run finds this one open.
      if (!isPostgresUnavailable(failure)) throw failure
    })
    throw error
  }
  if (outcome !== 'elsewhere') await end({ outcome })
  return outcome
}

/** The latest runs, of one job or of all, newest first. */
export async function listRuns(db: Db, { job, limit }: { job?: string | undefined; limit: number }): Promise<Run[]> {
  return db
    .select()
    .from(batchRuns)
    .where(job === undefined ? undefined : eq(batchRuns.job, job))
    .orderBy(desc(batchRuns.startedAt), desc(batchRuns.id))
    .limit(limit)
}

/** The last run of each of the jobs that has come to an end, one way or another. */
export async function lastRuns(db: Db, jobs: readonly string[]): Promise<Run[]> {
  return db
    .selectDistinctOn([batchRuns.job])
    .from(batchRuns)
    .where(and(inArray(batchRuns.job, [...jobs]), ne(batchRuns.outcome, 'running')))
    .orderBy(batchRuns.job, desc(batchRuns.startedAt), desc(batchRuns.id))
}

/** When each of the jobs last succeeded; those that never did are absent. */
export async function lastSuccesses(db: Db, jobs: readonly string[]): Promise<{ job: string; at: Date }[]> {
  const rows = await db
    .select({ job: batchRuns.job, at: max(batchRuns.endedAt) })
    .from(batchRuns)
    .where(and(inArray(batchRuns.job, [...jobs]), eq(batchRuns.outcome, 'succeeded')))
    .groupBy(batchRuns.job)
  return rows.flatMap(({ job, at }) => (at === null ? [] : [{ job, at }]))
}
