/** Downloads posters into our storage, for contents that have no picture yet. */
import { randomUUID } from 'node:crypto'
import type { PictureExtension, PictureStorage } from '@mopl/infrastructure/picture-storage'
import type { Sql } from '@mopl/infrastructure/postgres'
import { sql } from 'drizzle-orm'
import { type Client, SourceRefused, SourceUnavailable } from './client.ts'
import type { Storable } from './save.ts'
import type { Collected } from './source.ts'

/** By the first bytes: what a server calls a file does not make it one. */
const formats = { ffd8ff: 'jpg', '89504e470d0a1a0a': 'png', '47494638': 'gif' } as const

/**
 * The items, with the key of a stored poster where there is one. A poster that cannot be had is no reason to do without
 * the content: the next run tries again. One whose content is not saved after all is an orphan, which cleanup removes.
 */
export async function withPosters(
  db: Sql,
  client: Client,
  pictures: PictureStorage,
  items: readonly Collected[],
): Promise<{ items: Storable[]; stored: number; missing: number }> {
  const wanting = await withoutPicture(db, items)
  const keys = new Map<string, string | undefined>()
  for (const { externalId, posterUrl } of wanting)
    if (posterUrl !== undefined) keys.set(externalId, await storePoster(client, pictures, posterUrl))
  const stored = [...keys.values()].filter((key) => key !== undefined).length
  const complete = items.map((item): Storable => {
    const thumbnailKey = keys.get(item.externalId)
    return thumbnailKey === undefined ? item : { ...item, thumbnailKey }
  })
  return { items: complete, stored, missing: keys.size - stored }
}

async function withoutPicture(db: Sql, items: readonly Collected[]): Promise<Collected[]> {
  const keys = items.map(({ externalId, type }) => ({ externalId, type }))
  const { rows } = await db.execute<{ external_id: string }>(sql`
    select external_id
    from contents join json_to_recordset(${JSON.stringify(keys)}::json) as item ("externalId" text, type text)
      on external_id = item."externalId" and contents.type = item.type
    where thumbnail_key is not null`)
  const pictured = new Set(rows.map((row) => row.external_id))
  return items.filter((item) => !pictured.has(item.externalId))
}

async function storePoster(client: Client, pictures: PictureStorage, url: string): Promise<string | undefined> {
  try {
    const picture = await client.bytes(url)
    const format = formatOf(picture)
    return format === undefined ? undefined : await store(pictures, picture, format)
  } catch (error) {
    if (error instanceof SourceRefused || error instanceof SourceUnavailable) return undefined
    throw error
  }
}

function formatOf(picture: Uint8Array): PictureExtension | undefined {
  const start = Buffer.from(picture.subarray(0, 8)).toString('hex')
  return Object.entries(formats).find(([magic]) => start.startsWith(magic))?.[1]
}

/** The key has the form that the api gives to pictures: `ab/<id>.<format>`. */
async function store(pictures: PictureStorage, picture: Uint8Array, format: PictureExtension): Promise<string> {
  const id = randomUUID()
  const key = `${id.slice(0, 2)}/${id}.${format}`
  await pictures.put(key, picture)
  return key
}
