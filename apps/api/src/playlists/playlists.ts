/** What an owner does with a playlist. */
import { AppError } from '@mopl/contracts/errors'
import { newId } from '@mopl/infrastructure/ids'
import { emit, newEvent } from '@mopl/infrastructure/outbox'
import type { Db, Sql } from '@mopl/infrastructure/postgres'
import { playlistContents, playlists, playlistSubscriptions } from '@mopl/infrastructure/tables'
import { and, eq } from 'drizzle-orm'
import { named } from '../http/on-error.ts'
import { getPlaylist } from './read.ts'
import type { NewPlaylist, PlaylistChange, PlaylistDto } from './schemas.ts'

export async function createPlaylist(
  db: Db,
  ownerId: string,
  { title, description }: NewPlaylist,
  requestId: string,
): Promise<PlaylistDto> {
  return db.transaction(async (tx) => {
    const id = newId()
    await tx.insert(playlists).values({ id, ownerId, title, description })
    await emit(tx, newEvent('playlist.created', id, { playlistId: id, ownerId }, requestId))
    return getPlaylist(tx, ownerId, id)
  })
}

/** What is not named stays. @throws {AppError} PLAYLIST_NOT_FOUND, FORBIDDEN */
export async function updatePlaylist(
  db: Db,
  ownerId: string,
  playlistId: string,
  change: PlaylistChange,
): Promise<PlaylistDto> {
  return db.transaction(async (tx) => {
    await lockOwnPlaylist(tx, ownerId, playlistId)
    await touch(tx, playlistId, change)
    return getPlaylist(tx, ownerId, playlistId)
  })
}

/** @throws {AppError} PLAYLIST_NOT_FOUND, FORBIDDEN */
export async function deletePlaylist(db: Db, ownerId: string, playlistId: string): Promise<void> {
  await db.transaction(async (tx) => {
    assertOwn(await ownerOf(tx, playlistId), ownerId)
    // Subscriptions first, as whoever subscribes or unsubscribes: the other way round we would wait for each other.
    await tx.delete(playlistSubscriptions).where(eq(playlistSubscriptions.playlistId, playlistId))
    const { rowCount } = await tx.delete(playlists).where(eq(playlists.id, playlistId))
    if (rowCount === 0) throw new AppError('PLAYLIST_NOT_FOUND')
  })
}

/** Again is as good as once, and told once. @throws {AppError} PLAYLIST_NOT_FOUND, FORBIDDEN, CONTENT_NOT_FOUND */
export async function addContent(
  db: Db,
  ownerId: string,
  { playlistId, contentId }: { playlistId: string; contentId: string },
  requestId: string,
): Promise<void> {
  await db
    .transaction(async (tx) => {
      await lockOwnPlaylist(tx, ownerId, playlistId)
      // The time of the lock, not of the transaction's start: contents stand in the order in which the lock was got.
      const added = { playlistId, contentId, createdAt: new Date() }
      const { rowCount } = await tx.insert(playlistContents).values(added).onConflictDoNothing()
      if (rowCount === 0) return
      await touch(tx, playlistId)
      await emit(tx, newEvent('playlist.content-added', playlistId, { playlistId, ownerId, contentId }, requestId))
    })
    .catch(named('playlist_contents_content_id_fkey', 'CONTENT_NOT_FOUND'))
}

/** A content that is not in it is as good as removed. @throws {AppError} PLAYLIST_NOT_FOUND, FORBIDDEN */
export async function removeContent(
  db: Db,
  ownerId: string,
  { playlistId, contentId }: { playlistId: string; contentId: string },
): Promise<void> {
  await db.transaction(async (tx) => {
    await lockOwnPlaylist(tx, ownerId, playlistId)
    const { rowCount } = await tx
      .delete(playlistContents)
      .where(and(eq(playlistContents.playlistId, playlistId), eq(playlistContents.contentId, contentId)))
    if (rowCount !== 0) await touch(tx, playlistId)
  })
}

/** `no key update`, so that subscribers, whose rows refer to the playlist, do not wait for its owner. */
async function lockOwnPlaylist(tx: Sql, ownerId: string, playlistId: string): Promise<void> {
  assertOwn(await ownerOf(tx, playlistId).for('no key update'), ownerId)
}

function ownerOf(tx: Sql, playlistId: string) {
  return tx.select({ ownerId: playlists.ownerId }).from(playlists).where(eq(playlists.id, playlistId))
}

function assertOwn([playlist]: { ownerId: string }[], ownerId: string): void {
  if (playlist === undefined) throw new AppError('PLAYLIST_NOT_FOUND')
  if (playlist.ownerId !== ownerId) throw new AppError('FORBIDDEN')
}

async function touch(tx: Sql, playlistId: string, change: PlaylistChange = {}): Promise<void> {
  await tx
    .update(playlists)
    .set({ ...change, updatedAt: new Date() })
    .where(eq(playlists.id, playlistId))
}
