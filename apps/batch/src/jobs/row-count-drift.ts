/**
 * `row_counts` against the tables (docs/decisions/0008). Triggers keep them in the transaction of every change, so that in
 * any one snapshot both are the same; only rows loaded or removed with triggers off bring them apart. What differs is
 * added, not set: writers add theirs meanwhile, and the sum stays right without a lock.
 */
import { sql } from 'drizzle-orm'
import type { JobContext } from './job.ts'

export const rowCountDriftKind = 'drifted-row-counts'

type Difference = { relation: string; part: string; count: number; expectedCount: number }

export async function recountRows({ db, tally, dryRun }: JobContext): Promise<void> {
  const { rows } = await db.execute<Difference>(sql`
    with counted as (
      select 'contents' as relation, type as part, count(*) as rows from contents group by type
      union all select 'playlists', '', count(*) from playlists
      union all select 'reviews', '', count(*) from reviews
      union all select 'users', '', count(*) from users
    ), kept as (
      select relation, part, sum(rows) as rows from row_counts group by relation, part
    )
    select relation, part, coalesce(kept.rows, 0)::float8 as count, coalesce(counted.rows, 0)::float8 as "expectedCount"
    from counted full join kept using (relation, part)
    where coalesce(kept.rows, 0) <> coalesce(counted.rows, 0)
    order by relation, part`)
  tally.begin(rowCountDriftKind, rows.length)
  for (const { relation, part, count, expectedCount } of rows) {
    if (!dryRun) await db.execute(sql`select add_row_count(${relation}, ${part}, ${expectedCount - count}::bigint)`)
    tally.add(1)
    tally.detail({ kind: rowCountDriftKind, relation, part, count, expectedCount })
  }
}
