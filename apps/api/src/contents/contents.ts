/** One content: created, read, changed and deleted. Only admins write. */
import { AppError } from '@mopl/contracts/errors'
import { newId } from '@mopl/infrastructure/ids'
import { emit, newEvent } from '@mopl/infrastructure/outbox'
import type { Db, Sql } from '@mopl/infrastructure/postgres'
import { contents } from '@mopl/infrastructure/tables'
import { eq } from 'drizzle-orm'
import { type Pictures, withPicture } from '../pictures/pictures.ts'
import type { ContentChange, ContentDto, NewContent } from './schemas.ts'
import { getContentRow, toContentDto } from './summary.ts'
import { setTags } from './tags.ts'

type Writing = { db: Db; pictures: Pictures }

/** @throws {AppError} UNSUPPORTED_MEDIA_TYPE when the thumbnail is no picture */
export async function createContent(
  { db, pictures }: Writing,
  { tags, ...content }: NewContent,
  thumbnail: Blob | undefined,
  requestId: string,
): Promise<ContentDto> {
  return withPicture(pictures, thumbnail, (thumbnailKey) =>
    db.transaction(async (tx) => {
      const id = newId()
      await tx.insert(contents).values({ id, ...content, thumbnailKey })
      await setTags(tx, id, tags)
      await emit(tx, newEvent('content.created', id, { contentId: id }, requestId))
      return getContent(tx, id)
    }),
  )
}

/** @throws {AppError} CONTENT_NOT_FOUND */
export async function getContent(sql: Sql, contentId: string): Promise<ContentDto> {
  return toContentDto(await getContentRow(sql, contentId))
}

/** What is not named stays. @throws {AppError} CONTENT_NOT_FOUND, UNSUPPORTED_MEDIA_TYPE */
export async function updateContent(
  { db, pictures }: Writing,
  contentId: string,
  { tags, ...change }: ContentChange,
  thumbnail: Blob | undefined,
  requestId: string,
): Promise<ContentDto> {
  const { content, replacedKey } = await withPicture(pictures, thumbnail, (thumbnailKey) =>
    db.transaction(async (tx) => {
      const oldKey = await lockContent(tx, contentId)
      await tx
        .update(contents)
        .set({ ...change, thumbnailKey, updatedAt: new Date() })
        .where(eq(contents.id, contentId))
      if (tags !== undefined) await setTags(tx, contentId, tags)
      await emit(tx, newEvent('content.updated', contentId, { contentId }, requestId))
      return { content: await getContent(tx, contentId), replacedKey: thumbnailKey === undefined ? null : oldKey }
    }),
  )
  if (replacedKey !== null) await pictures.remove(replacedKey)
  return content
}

/** @throws {AppError} CONTENT_NOT_FOUND */
export async function deleteContent({ db, pictures }: Writing, contentId: string, requestId: string): Promise<void> {
  const thumbnailKey = await db.transaction(async (tx) => {
    const key = await lockContent(tx, contentId)
    await tx.delete(contents).where(eq(contents.id, contentId))
    await emit(tx, newEvent('content.deleted', contentId, { contentId }, requestId))
    return key
  })
  if (thumbnailKey !== null) await pictures.remove(thumbnailKey)
}

/** The thumbnail's key of the row, which nobody else changes until the transaction ends. */
async function lockContent(tx: Sql, contentId: string): Promise<string | null> {
  const [row] = await tx
    .select({ thumbnailKey: contents.thumbnailKey })
    .from(contents)
    .where(eq(contents.id, contentId))
    .for('update')
  if (row === undefined) throw new AppError('CONTENT_NOT_FOUND')
  return row.thumbnailKey
}
