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
    thumbnailUrl: row['thumbnail_key'] === null ? '/no-thumbnail.svg' : `/media/${String(row['thumbnail_key'])}`,
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
  return row['user_image'] === null ? summary : { ...summary, profileImageUrl: `/media/${String(row['user_image'])}` }
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
