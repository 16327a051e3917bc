/** Tags are shared by contents and keep the order in which the content names them. */
import { newId } from '@mopl/infrastructure/ids'
import type { Sql } from '@mopl/infrastructure/postgres'
import { contentTags, tags } from '@mopl/infrastructure/tables'
import { eq, sql } from 'drizzle-orm'

/** Makes `names` the content's tags. */
export async function setTags(tx: Sql, contentId: string, names: readonly string[]): Promise<void> {
  await tx.delete(contentTags).where(eq(contentTags.contentId, contentId))
  if (names.length === 0) return
  const ids = await ensureTags(tx, names)
  const rows = names.flatMap((name, position) => {
    const tagId = ids.get(name)
    return tagId === undefined ? [] : [{ contentId, tagId, position }]
  })
  await tx.insert(contentTags).values(rows)
}

/**
 * Name -> id. The update that changes nothing locks a tag that is there already, so that cleanup cannot remove it before
 * we refer to it; the sorted order keeps two transactions with the same tags from waiting for each other.
 */
async function ensureTags(tx: Sql, names: readonly string[]): Promise<Map<string, string>> {
  const rows = await tx
    .insert(tags)
    .values([...names].sort().map((name) => ({ id: newId(), name })))
    .onConflictDoUpdate({ target: tags.name, set: { name: sql`excluded.name` } })
    .returning()
  return new Map(rows.map(({ id, name }) => [name, id]))
}
