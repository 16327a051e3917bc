/** Numbers that are kept beside what they count: found where they differ from a recount, and repaired. */
import { type SQL, sql } from 'drizzle-orm'
import type { Detail } from '../tally.ts'
import { retryDeadlocks } from './deadlocks.ts'
import type { JobContext } from './job.ts'

export type Drift = {
  kind: string
  /** The table whose rows hold the numbers. */
  table: SQL
  /** What the numbers should be, as columns of what `drifted` selects from. */
  expected: SQL
  /** What is and what should be, as one JSON object, for whoever looks for the reason. */
  report: SQL
  /** Sets the numbers from `expected`. */
  repair: SQL
  /** `from ... where ...` of the rows, among those `chosen`, that differ; `chosen` is a condition on `table`. */
  drifted: (chosen: SQL) => SQL
}

const chunkRows = 100

type Found = { id: string; report: Detail }

/** One look over everything; what differs in it is looked at again, locked, and repaired in chunks that commit. */
export async function repairDrift({ db, tally, dryRun, signal }: JobContext, drift: Drift): Promise<void> {
  const { rows } = await db.execute<Found>(
    sql`select ${drift.table}.id, ${drift.report} as report ${drift.drifted(sql`true`)} order by ${drift.table}.id`,
  )
  tally.begin(drift.kind, rows.length)
  const tell = (found: readonly Found[]) => {
    tally.add(found.length)
    for (const { id, report } of found) tally.detail({ kind: drift.kind, id, ...report })
  }
  if (dryRun) return tell(rows)
  for (let start = 0; start < rows.length && !signal.aborted; start += chunkRows) {
    const ids = rows.slice(start, start + chunkRows).map((row) => row.id)
    tell(await retryDeadlocks(() => repairChunk(db, drift, ids)))
  }
}

/**
 * Locks first, and counts in a second statement: its snapshot has everything that was committed before the lock, and
 * whatever waits for the lock is not yet in it.
 */
async function repairChunk(
  db: JobContext['db'],
  { table, expected, report, repair, drifted }: Drift,
  ids: string[],
): Promise<Found[]> {
  const chosen = sql`${table}.id = any(${sql.param(ids)}::uuid[])`
  return db.transaction(async (tx) => {
    await tx.execute(sql`select from ${table} where ${chosen} order by id for no key update`)
    const { rows } = await tx.execute<Found>(sql`
      update ${table} set ${repair}
      from (select ${table}.id, ${report} as report, ${expected} ${drifted(chosen)}) as expected
      where ${table}.id = expected.id
      returning expected.id, expected.report`)
    return rows
  })
}
