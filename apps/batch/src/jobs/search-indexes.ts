/** The indexes that keyword search stands on: those on `bigrams(...)` and `letters(...)`, and what a rebuild that died left beside them. */
import type { Sql } from '@mopl/infrastructure/postgres'
import { sql } from 'drizzle-orm'

export type SearchIndex = {
  name: string
  table: string
  bytes: number
  /** False: writes pay for it, no search uses it. */
  isValid: boolean
  /** Bytes and rows when it was last rebuilt; absent before that. */
  fresh: Fresh | undefined
  rows: number
}

/** Kept as the comment of the index, so that it goes wherever the index goes. */
type Fresh = { bytes: number; rows: number }

/** What PostgreSQL calls the new and the old index while it rebuilds. @see https://www.postgresql.org/docs/current/sql-reindex.html */
const leftoverName = '_cc(new|old)[0-9]*$'

type Row = Omit<SearchIndex, 'fresh'> & { comment: string | null }

/** In the order of their names. */
export async function listSearchIndexes(db: Sql): Promise<SearchIndex[]> {
  const { rows } = await db.execute<Row>(sql`
    select index.relname as name, indexed.relname as table, pg_relation_size(index.oid)::float8 as bytes,
      indisvalid as "isValid", greatest(indexed.reltuples, 0)::float8 as rows,
      obj_description(index.oid, 'pg_class') as comment
    ${searchIndexes()} and index.relname !~ ${leftoverName}
    order by index.relname`)
  return rows.map(({ name, table, bytes, isValid, rows: rowCount, comment }) => {
    return { name, table, bytes, isValid, rows: rowCount, fresh: parseFresh(comment) }
  })
}

/** Never valid: the switch makes the new one valid and the old one invalid at the same moment. */
export async function listLeftovers(db: Sql): Promise<string[]> {
  const { rows } = await db.execute<{ name: string }>(sql`
    select index.relname as name ${searchIndexes()} and not indisvalid and index.relname ~ ${leftoverName}
    order by index.relname`)
  return rows.map((row) => row.name)
}

function searchIndexes() {
  return sql`
    from pg_index
    join pg_class as index on index.oid = indexrelid
    join pg_class as indexed on indexed.oid = indrelid
    where index.relnamespace = current_schema()::regnamespace and pg_get_indexdef(indexrelid) ~ '(bigrams|letters)[(]'`
}

/**
 * By how many percent a row's share of the index has grown since it was fresh; `undefined` where nobody knows, or where
 * there is too little in it to say.
 */
export function swollenPercent({ bytes, rows, fresh }: SearchIndex): number | undefined {
  if (fresh === undefined || rows < tooFewRows || fresh.rows < tooFewRows || fresh.bytes === 0) return undefined
  return Math.round((bytes / rows / (fresh.bytes / fresh.rows) - 1) * 100)
}

const tooFewRows = 1_000

/** The statement that notes what an index is like when fresh. */
export function noteFresh({ name, bytes, rows }: SearchIndex) {
  const note = JSON.stringify({ fresh: { bytes, rows } satisfies Fresh })
  return sql`comment on index ${sql.identifier(name)} is ${sql.raw(`'${note.replaceAll("'", "''")}'`)}`
}

/** Somebody may have written a comment of their own. */
function parseFresh(comment: string | null): Fresh | undefined {
  const found = /"fresh":\{"bytes":(\d+),"rows":(\d+)\}/.exec(comment ?? '')
  return found === null ? undefined : { bytes: Number(found[1]), rows: Number(found[2]) }
}
