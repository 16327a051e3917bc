/** Playlists as their readers see them: with the contents, and whether it is among the reader's subscriptions. */
import { AppError } from '@mopl/contracts/errors'
import type { ContentSummary } from '@mopl/contracts/realtime'
import type { Sql } from '@mopl/infrastructure/postgres'
import { prepared } from '@mopl/infrastructure/prepared'
import { contents, playlistContents, playlists, users } from '@mopl/infrastructure/tables'
import { and, eq, type Placeholder, type SQL, sql } from 'drizzle-orm'
import { contentColumns, toContentSummary } from '../contents/summary.ts'
import { containsEvenOneLetter, type Search, searchFor, searching } from '../http/keyword.ts'
import { isoTime } from '../http/iso-time.ts'
import { type Page, toPage } from '../http/page.ts'
import { paged } from '../http/paged.ts'
import { countAll, countWhere } from '../http/total-count.ts'
import { toUserSummary, userSummaryColumns } from '../users/summary.ts'
import { type PlaylistDto, type PlaylistQuery, playlistSorts } from './schemas.ts'

/** Two statements, however many playlists and contents there are. */
export async function listPlaylists(db: Sql, readerId: string, query: PlaylistQuery): Promise<Page<PlaylistDto>> {
  const { rows, totalCount } = await readPlaylists(db, { ...query, ...searchFor(query.keywordLike), readerId })
  const shown = rows.slice(0, query.limit).map(({ id }) => id)
  const contentsOf = await readContents(db, shown)
  return toPage(query, rows, totalCount, (row) => toPlaylistDto(row, contentsOf.get(row.id)))
}

/** @throws {AppError} PLAYLIST_NOT_FOUND */
export async function getPlaylist(db: Sql, readerId: string, playlistId: string): Promise<PlaylistDto> {
  const [row] = await playlistById(db).execute({ playlistId, readerId })
  if (row === undefined) throw new AppError('PLAYLIST_NOT_FOUND')
  const contentsOf = await readContents(db, [playlistId])
  return toPlaylistDto(row, contentsOf.get(playlistId))
}

const playlistById = prepared((db) =>
  db
    .select(playlistColumns(sql.placeholder('readerId')))
    .from(playlists)
    .innerJoin(users, eq(users.id, playlists.ownerId))
    .where(eq(playlists.id, sql.placeholder('playlistId'))),
)

type Query = PlaylistQuery & Search & { readerId: string }

const readPlaylists = paged<Query>({
  sorts: playlistSorts,
  id: playlists.id,
  selective: [...searching, 'subscriberIdEqual'],
})((db, asked, { cursor, after, orderBy, limit }) => {
  const filter = and(
    containsEvenOneLetter(searched, asked),
    asked.ownerIdEqual && eq(playlists.ownerId, asked.ownerIdEqual),
    asked.subscriberIdEqual && hasSubscriber(asked.subscriberIdEqual),
  )
  const totalCount = filter === undefined ? countAll(playlists) : countWhere(playlists, filter)
  return db
    .select({ ...playlistColumns(asked.readerId), cursor, totalCount })
    .from(playlists)
    .innerJoin(users, eq(users.id, playlists.ownerId))
    .where(and(filter, after))
    .orderBy(...orderBy)
    .limit(limit)
})

/** As `ix_playlists_bigrams` and `ix_playlists_letters` have it. */
const searched = sql`${playlists.title} || ' ' || ${playlists.description}`

function hasSubscriber(userId: Placeholder): SQL {
  return sql`${playlists.id} in (select playlist_id from playlist_subscriptions where subscriber_id = ${userId})`
}

function playlistColumns(readerId: Placeholder) {
  return {
    id: playlists.id,
    owner: userSummaryColumns(users),
    title: playlists.title,
    description: playlists.description,
    updatedAt: isoTime(playlists.updatedAt),
    subscriberCount: playlists.subscriberCount,
    subscribedByMe: sql<boolean>`exists (
      select from playlist_subscriptions as mine where mine.playlist_id = playlists.id and mine.subscriber_id = ${readerId}
    )`,
  }
}

/** Playlist id -> its contents, in the order in which they were added. */
async function readContents(db: Sql, playlistIds: readonly string[]): Promise<Map<string, ContentSummary[]>> {
  const rows = await contentsOfPlaylists(db).execute({ playlistIds })
  const contentsOf = new Map<string, ContentSummary[]>(playlistIds.map((id) => [id, []]))
  for (const { playlistId, content } of rows) contentsOf.get(playlistId)?.push(toContentSummary(content))
  return contentsOf
}

const contentsOfPlaylists = prepared((db) =>
  db
    .select({ playlistId: playlistContents.playlistId, content: contentColumns })
    .from(playlistContents)
    .innerJoin(contents, eq(contents.id, playlistContents.contentId))
    .where(sql`${playlistContents.playlistId} = any(${sql.placeholder('playlistIds')})`)
    .orderBy(playlistContents.createdAt, playlistContents.contentId),
)

type PlaylistRow = Omit<PlaylistDto, 'owner' | 'updatedAt' | 'contents'> & {
  owner: Parameters<typeof toUserSummary>[0]
  updatedAt: string
}

function toPlaylistDto(row: PlaylistRow, contents: ContentSummary[] = []): PlaylistDto {
  const { id, owner, title, description, updatedAt, subscriberCount, subscribedByMe } = row
  return {
    id,
    owner: toUserSummary(owner),
    title,
    description,
    updatedAt,
    subscriberCount,
    subscribedByMe,
    contents,
  }
}
