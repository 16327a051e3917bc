/** How a content appears, by itself and inside something else. */
import { AppError } from '@mopl/contracts/errors'
import type { ContentSummary } from '@mopl/contracts/realtime'
import type { Sql } from '@mopl/infrastructure/postgres'
import { prepared } from '@mopl/infrastructure/prepared'
import { contents } from '@mopl/infrastructure/tables'
import { eq, sql } from 'drizzle-orm'
import { thumbnailUrl } from '../pictures/urls.ts'
import type { ContentDto } from './schemas.ts'

/**
 * The columns to select from `contents`. The tags come along, so that a page costs one statement; as JSON, which is read ten
 * times as fast as an array of PostgreSQL's.
 */
export const contentColumns = {
  id: contents.id,
  type: contents.type,
  title: contents.title,
  description: contents.description,
  thumbnailKey: contents.thumbnailKey,
  averageRating: contents.averageRating,
  reviewCount: contents.reviewCount,
  watcherCount: contents.watcherCount,
  tags: sql<string[]>`to_json(array(
    select tags.name from content_tags join tags on tags.id = content_tags.tag_id
    where content_tags.content_id = contents.id order by content_tags.position
  ))`,
}

type ContentRow = Omit<ContentDto, 'thumbnailUrl'> & { thumbnailKey: string | null }

/** @throws {AppError} CONTENT_NOT_FOUND */
export async function getContentRow(db: Sql, contentId: string): Promise<ContentRow> {
  const [row] = await contentById(db).execute({ contentId })
  if (row === undefined) throw new AppError('CONTENT_NOT_FOUND')
  return row
}

const contentById = prepared((db) =>
  db
    .select(contentColumns)
    .from(contents)
    .where(eq(contents.id, sql.placeholder('contentId'))),
)

export function toContentSummary(row: ContentRow): ContentSummary {
  const { id, type, title, description, tags, averageRating, reviewCount, thumbnailKey } = row
  return { id, type, title, description, thumbnailUrl: thumbnailUrl(thumbnailKey), tags, averageRating, reviewCount }
}

/** Unlike the summary, the whole says how many are watching. */
export function toContentDto(row: ContentRow): ContentDto {
  const { thumbnailKey, watcherCount } = row
  return { ...toContentSummary(row), thumbnailUrl: thumbnailUrl(thumbnailKey), watcherCount }
}
