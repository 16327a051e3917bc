/** Tags that no content carries any more. */
import { sql } from 'drizzle-orm'
import type { JobContext } from './job.ts'

const chunkTags = 1_000
const unused = sql`not exists (select from content_tags where content_tags.tag_id = tags.id)`

export async function removeUnusedTags({ db, tally, dryRun, signal }: JobContext): Promise<void> {
  const { rows } = await db.execute<{ count: number }>(sql`select count(*)::int as count from tags where ${unused}`)
  const total = rows[0]?.count ?? 0
  tally.begin('unused-tags', total)
  if (dryRun) return tally.add(total)
  for (let isMore = true; isMore && !signal.aborted;) {
    const { locked, removed } = await removeChunk(db)
    tally.add(removed)
    isMore = locked === chunkTags && removed > 0
  }
}

/**
 * Two statements on purpose. Deleting in one would decide by a snapshot older than its locks, and the cascade would take
 * along the rows of a content that gets the tag in between. Once a tag is locked, no content can get it any more.
 */
async function removeChunk(db: JobContext['db']): Promise<{ locked: number; removed: number }> {
  return db.transaction(async (tx) => {
    const { rows } = await tx.execute<{ id: string }>(
      sql`select id from tags where ${unused} order by id limit ${chunkTags} for update skip locked`,
    )
    const ids = sql.param(rows.map((row) => row.id))
    const { rowCount } = await tx.execute(sql`delete from tags where id = any(${ids}::uuid[]) and ${unused}`)
    return { locked: rows.length, removed: rowCount ?? 0 }
  })
}
