/** The same bytes as the api's, from rows. */
import type { Row } from './drivers.ts'

const limit = 20

export const contentDto = (row: Row) => ({ ...contentSummary(row), watcherCount: row['watcher_count'] })

export function contentSummary(row: Row) {
  return {
    id: row['id'],
    type: row['type'],
    title: row['title'],
    description: row['description'],
    thumbnailUrl: mediaUrl(row['thumbnail_key']) ?? '/no-thumbnail.svg',
    tags: row['tags'],
    averageRating: row['average_rating'],
    reviewCount: row['review_count'],
  }
}

export const reviewDto = (row: Row) => ({
  id: row['id'],
  contentId: row['content_id'],
  author: userSummary(row),
  text: row['text'],
  rating: Number(row['rating']),
})

export const notificationDto = (row: Row) => ({
  id: row['id'],
  createdAt: row['created_at'],
  receiverId: row['receiver_id'],
  title: row['title'],
  content: row['content'],
  level: row['level'],
})

export const playlistDto = (row: Row, contents: unknown[]) => ({
  id: row['id'],
  owner: userSummary(row),
  title: row['title'],
  description: row['description'],
  updatedAt: row['updated_at'],
  subscriberCount: row['subscriber_count'],
  subscribedByMe: row['subscribed'],
  contents,
})

function userSummary(row: Row) {
  const summary = { userId: row['user_id'], name: row['user_name'] }
  const profileImageUrl = mediaUrl(row['user_image'])
  return profileImageUrl === undefined ? summary : { ...summary, profileImageUrl }
}

export function page(rows: Row[], sortBy: string, toDto: (row: Row) => unknown) {
  const hasNext = rows.length > limit
  const shown = rows.slice(0, limit)
  const last = hasNext ? shown.at(-1) : undefined
  return Response.json({
    data: shown.map(toDto),
    nextCursor: last?.['cursor'] ?? last?.['created_at'] ?? null,
    nextIdAfter: last?.['id'] ?? null,
    hasNext,
    totalCount: rows[0]?.['total'] ?? 0,
    sortBy,
    sortDirection: 'DESCENDING',
  })
}

function mediaUrl(key: unknown): string | undefined {
  return typeof key === 'string' ? `/media/${key}` : undefined
}
