/** Writes a page of collected contents: what is new, what changed, their tags, and the events that tell of it. */
import type { MoplEvent } from '@mopl/contracts/events'
import { newEvent } from '@mopl/infrastructure/events'
import { newId } from '@mopl/infrastructure/ids'
import { emitAll } from '@mopl/infrastructure/outbox'
import type { Sql } from '@mopl/infrastructure/postgres'
import { contentTags, tags } from '@mopl/infrastructure/tables'
import { inArray, sql } from 'drizzle-orm'
import type { Collected } from './source.ts'

/** `thumbnailKey` is used where the content has none yet. */
export type Storable = Collected & { thumbnailKey?: string }
export type Saved = { added: number; changed: number }

type Stored = { id: string; external_id: string; tags: string[] }

/**
 * Every item once. What is as it was is not touched, and nobody is told. The source is the truth about title, description
 * and tags of what comes from it; a picture that somebody chose stays.
 */
export async function saveContents(tx: Sql, items: readonly Storable[], requestId: string): Promise<Saved> {
  if (items.length === 0) return { added: 0, changed: 0 }
  const rows = items.map((item) => ({ ...item, id: newId() }))
  const minted = new Set(rows.map((row) => row.id))
  const written = await upsert(tx, rows)
  const added = new Set(written.filter((id) => minted.has(id)))
  const retagged = await saveTags(tx, items)
  const changed = new Set([...written, ...retagged].filter((id) => !added.has(id)))
  const events = [
    ...[...added].map((id): MoplEvent => newEvent('content.created', id, { contentId: id }, requestId)),
    ...[...changed].map((id): MoplEvent => newEvent('content.updated', id, { contentId: id }, requestId)),
  ]
  await emitAll(tx, events)
  return { added: added.size, changed: changed.size }
}

/** @returns the ids of what was inserted or updated */
async function upsert(tx: Sql, items: readonly (Storable & { id: string })[]): Promise<string[]> {
  const { rows } = await tx.execute<{ id: string }>(sql`
    insert into contents (id, type, external_id, title, description, thumbnail_key)
    select id, type, "externalId", title, description, "thumbnailKey"
    from json_to_recordset(${JSON.stringify(items)}::json) as item
      (id uuid, type text, "externalId" text, title text, description text, "thumbnailKey" text)
    order by "externalId"
    on conflict (external_id, type) do update set
      title = excluded.title,
      description = excluded.description,
      thumbnail_key = coalesce(contents.thumbnail_key, excluded.thumbnail_key),
      updated_at = now()
    where (contents.title, contents.description, contents.thumbnail_key)
      is distinct from (excluded.title, excluded.description, coalesce(contents.thumbnail_key, excluded.thumbnail_key))
    returning id`)
  return rows.map((row) => row.id)
}

/** @returns the ids of the contents whose tags are others now */
async function saveTags(tx: Sql, items: readonly Collected[]): Promise<string[]> {
  const wanted = new Map(items.map((item) => [item.externalId, item.tags]))
  const differing = (await storedTags(tx, items)).flatMap(({ id, external_id, tags: current }) => {
    const names = wanted.get(external_id) ?? []
    return names.join('\n') === current.join('\n') ? [] : [{ id, names }]
  })
  if (differing.length === 0) return []
  const tagIds = await ensureTags(tx, [...new Set(differing.flatMap(({ names }) => names))])
  const ids = differing.map(({ id }) => id)
  await tx.delete(contentTags).where(inArray(contentTags.contentId, ids))
  const rows = differing.flatMap(({ id, names }) =>
    names.flatMap((name, position) => {
      const tagId = tagIds.get(name)
      return tagId === undefined ? [] : [{ contentId: id, tagId, position }]
    }),
  )
  if (rows.length > 0) await tx.insert(contentTags).values(rows)
  return ids
}

async function storedTags(tx: Sql, items: readonly Collected[]): Promise<Stored[]> {
  const keys = items.map(({ externalId, type }) => ({ externalId, type }))
  const { rows } = await tx.execute<Stored>(sql`
    select contents.id, external_id, array(
      select name from content_tags join tags on tags.id = tag_id where content_id = contents.id order by position
    ) as tags
    from contents join json_to_recordset(${JSON.stringify(keys)}::json) as item ("externalId" text, type text)
      on external_id = item."externalId" and contents.type = item.type`)
  return rows
}

/** Name -> id. Locks those that are there, in one order for everybody, so that cleanup cannot remove one before we use it. */
async function ensureTags(tx: Sql, names: readonly string[]): Promise<Map<string, string>> {
  if (names.length === 0) return new Map()
  const rows = await tx
    .insert(tags)
    .values([...names].sort().map((name) => ({ id: newId(), name })))
    .onConflictDoUpdate({ target: tags.name, set: { name: sql`excluded.name` } })
    .returning()
  return new Map(rows.map(({ id, name }) => [name, id]))
}
