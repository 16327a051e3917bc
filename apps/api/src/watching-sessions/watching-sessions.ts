/** Who watches what is live: the members come from Redis, the content they watch from PostgreSQL. */
import { AppError } from '@mopl/contracts/errors'
import type { ContentSummary, RoomMember, WatchingSessionDto } from '@mopl/contracts/realtime'
import type { Sql } from '@mopl/infrastructure/postgres'
import type { RedisClient } from '@mopl/infrastructure/redis'
import { getContentRow, toContentSummary } from '../contents/summary.ts'
import { assertPosition } from '../http/keyset.ts'
import { type Page, toPage } from '../http/page.ts'
import { findMembership, readSlice, readSliceByName } from './room.ts'
import type { WatchingSessionQuery } from './schemas.ts'

type Reading = { db: Sql; redis: RedisClient }

/**
 * A session's id carries its time, so that the id alone is the position; the cursor beside it is the same time again.
 *
 * @throws {AppError} CONTENT_NOT_FOUND
 */
export async function listWatchingSessions(
  { db, redis }: Reading,
  contentId: string,
  query: WatchingSessionQuery,
): Promise<Page<WatchingSessionDto>> {
  assertPosition(query, { type: 'timestamptz' })
  const content = toContentSummary(await getContentRow(db, contentId))
  const range = { direction: query.sortDirection, after: query.idAfter, limit: query.limit + 1 }
  const { members, totalCount } = await (query.watcherNameLike === undefined
    ? readSlice(redis, contentId, range)
    : readSliceByName(redis, contentId, query.watcherNameLike, range))
  const rows = members.map((member) => ({ id: member.id, cursor: member.createdAt, member }))
  return toPage(query, rows, totalCount, ({ member }) => toDto(member, content))
}

/** What the user watches now, or `null`. */
export async function findWatchingSession({ db, redis }: Reading, userId: string): Promise<WatchingSessionDto | null> {
  const membership = await findMembership(redis, userId)
  if (membership === undefined) return null
  const row = await getContentRow(db, membership.contentId).catch(absent)
  return row === null ? null : toDto(membership.member, toContentSummary(row))
}

/** A content may be deleted while somebody watches it. */
function absent(error: unknown): null {
  if (error instanceof AppError && error.code === 'CONTENT_NOT_FOUND') return null
  throw error
}

function toDto({ id, createdAt, watcher }: RoomMember, content: ContentSummary): WatchingSessionDto {
  return { id, createdAt, watcher, content }
}
