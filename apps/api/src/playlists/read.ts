/** Playlists as their readers see them: with the contents, and whether it is among the reader's subscriptions. */
import { AppError } from '@mopl/contracts/errors'
import type { ContentSummary } from '@mopl/contracts/realtime'
import type { Sql } from '@mopl/infrastructure/postgres'
import { contents, playlistContents, playlists, users } from '@mopl/infrastructure/tables'
import { and, eq, type SQL, sql } from 'drizzle-orm'
import { contentColumns, toContentSummary } from '../contents/summary.ts'
import { contains } from '../http/keyword.ts'
import { keyset, type Page, toPage } from '../http/page.ts'
import { toUserSummary, userSummaryColumns } from '../users/summary.ts'
import { type PlaylistDto, type PlaylistQuery, playlistSorts } from './schemas.ts'

/** Three statements, however many playlists and contents there are. */
export async function listPlaylists(db: Sql, readerId: string, query: PlaylistQuery): Promise<Page<PlaylistDto>> {
  const { cursor, after, orderBy, limit } = keyset(query, playlistSorts, playlists.id)
  const filter = and(
    query.keywordLike === undefined ? undefined : contains(searched, query.keywordLike),
    query.ownerIdEqual === undefined ? undefined : eq(playlists.ownerId, query.ownerIdEqual),
    query.subscriberIdEqual === undefined ? undefined : hasSubscriber(query.subscriberIdEqual),
  )
  const [rows, totalCount] = await Promise.all([
    db
      .select({ ...playlistColumns(readerId), cursor })
      .from(playlists)
      .innerJoin(users, eq(users.id, playlists.ownerId))
      .where(and(filter, after))
      .orderBy(...orderBy)
      .limit(limit),
    db.$count(playlists, filter),
  ])
  const shown = rows.slice(0, query.limit).map(({ id }) => id)
  const contentsOf = await readContents(db, shown)
  return toPage(query, rows, totalCount, (row) => toPlaylistDto(row, contentsOf.get(row.id)))
}

/** @throws {AppError} PLAYLIST_NOT_FOUND */
export async function getPlaylist(sql: Sql, readerId: string, playlistId: string): Promise<PlaylistDto> {
  const [row] = await sql
    .select(playlistColumns(readerId))
    .from(playlists)
    .innerJoin(users, eq(users.id, playlists.ownerId))
    .where(eq(playlists.id, playlistId))
  if (row === undefined) throw new AppError('PLAYLIST_NOT_FOUND')
  const contentsOf = await readContents(sql, [playlistId])
  return toPlaylistDto(row, contentsOf.get(playlistId))
}

/** As `ix_playlists_bigrams` has it. */
const searched = sql`${playlists.title} || ' ' || ${playlists.description}`

function hasSubscriber(userId: string): SQL {
  return sql`${playlists.id} in (select playlist_id from playlist_subscriptions where subscriber_id = ${userId})`
}

function playlistColumns(readerId: string) {
  return {
    id: playlists.id,
    owner: userSummaryColumns(users),
    title: playlists.title,
    description: playlists.description,
    updatedAt: playlists.updatedAt,
    subscriberCount: playlists.subscriberCount,
    subscribedByMe: sql<boolean>`exists (
      select from playlist_subscriptions as mine where mine.playlist_id = playlists.id and mine.subscriber_id = ${readerId}
    )`,
  }
}

/** Playlist id -> its contents, in the order in which they were added. */
async function readContents(db: Sql, playlistIds: readonly string[]): Promise<Map<string, ContentSummary[]>> {
  const rows = await db
    .select({ playlistId: playlistContents.playlistId, content: contentColumns })
    .from(playlistContents)
    .innerJoin(contents, eq(contents.id, playlistContents.contentId))
    .where(sql`${playlistContents.playlistId} = any(${sql.param(playlistIds)})`)
    .orderBy(playlistContents.createdAt, playlistContents.contentId)
  const contentsOf = new Map<string, ContentSummary[]>(playlistIds.map((id) => [id, []]))
  for (const { playlistId, content } of rows) contentsOf.get(playlistId)?.push(toContentSummary(content))
  return contentsOf
}

type PlaylistRow = Omit<PlaylistDto, 'owner' | 'updatedAt' | 'contents'> & {
  owner: Parameters<typeof toUserSummary>[0]
  updatedAt: Date
}

function toPlaylistDto(row: PlaylistRow, contents: ContentSummary[] = []): PlaylistDto {
  const { id, owner, title, description, updatedAt, subscriberCount, subscribedByMe } = row
  return {
    id,
    owner: toUserSummary(owner),
    title,
    description,
    updatedAt: updatedAt.toISOString(),
    subscriberCount,
    subscribedByMe,
    contents,
  }
}
