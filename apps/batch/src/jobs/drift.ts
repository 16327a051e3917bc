/** Numbers that are kept beside what they count: found where they differ from a recount, and repaired. */
import { type SQL, sql } from 'drizzle-orm'
import type { JobContext } from './job.ts'

export type Drift = {
  kind: string
  /** The table whose rows hold the numbers. */
  table: SQL
  /** What the numbers should be, as columns of what `drifted` selects from. */
  expected: SQL
  /** Sets the numbers from `expected`. */
  repair: SQL
  /** `from ... where ...` of the rows, among those `chosen`, that differ; `chosen` is a condition on `table`. */
  drifted: (chosen: SQL) => SQL
}

const chunkRows = 100

/** One look over everything; what differs in it is looked at again, locked, and repaired in chunks that commit. */
export async function repairDrift({ db, tally, dryRun, signal }: JobContext, drift: Drift): Promise<void> {
  const { rows } = await db.execute<{ id: string }>(
    sql`select ${drift.table}.id ${drift.drifted(sql`true`)} order by ${drift.table}.id`,
  )
  tally.begin(drift.kind, rows.length)
  if (dryRun) return tally.add(rows.length)
  for (let start = 0; start < rows.length && !signal.aborted; start += chunkRows) {
    const ids = rows.slice(start, start + chunkRows).map((row) => row.id)
    tally.add(await repairChunk(db, drift, ids))
  }
}

/**
 * Locks first, and counts in a second statement: its snapshot has everything that was committed before the lock, and
 * whatever waits for the lock is not yet in it.
 */
async function repairChunk(
  db: JobContext['db'],
  { table, expected, repair, drifted }: Drift,
  ids: string[],
): Promise<number> {
  const chosen = sql`${table}.id = any(${sql.param(ids)}::uuid[])`
  return db.transaction(async (tx) => {
    await tx.execute(sql`select from ${table} where ${chosen} order by id for no key update`)
    const { rowCount } = await tx.execute(sql`
      update ${table} set ${repair}
      from (select ${table}.id, ${expected} ${drifted(chosen)}) as expected
      where ${table}.id = expected.id`)
    return rowCount ?? 0
  })
}
