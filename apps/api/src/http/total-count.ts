/** How many rows a whole list has: a column of the list's statement. */
import { rowCounts } from '@mopl/infrastructure/tables'
import { getTableName, type Placeholder, type SQL, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'

/** All of a table that `row_counts` keeps count of (docs/decisions/0008), or a part of it: the same for any size. */
export function countAll(table: PgTable, part?: Placeholder): SQL<number> {
  const ofPart = part && sql` and part = ${part}`
  return sql`(
    select coalesce(sum(rows), 0) from ${rowCounts} where relation = ${sql.raw(`'${getTableName(table)}'`)}${ofPart}
  )`.mapWith(Number)
}

/** Those that a filter lets through, counted: what it costs grows with their number. */
export function countWhere(table: PgTable, filter: SQL | undefined): SQL<number> {
  return sql`(select count(*) from ${table}${filter && sql` where ${filter}`})`.mapWith(Number)
}
