/**
 * Who subscribes to what. The count beside the playlist moves in the transaction of the row it counts, and only when
 * there was a row to write: whatever comes at once, the two agree.
 */
import { AppError } from '@mopl/contracts/errors'
import { emit, newEvent } from '@mopl/infrastructure/outbox'
import type { Db, Sql } from '@mopl/infrastructure/postgres'
import { playlists, playlistSubscriptions } from '@mopl/infrastructure/tables'
import { and, eq, sql } from 'drizzle-orm'
import { named } from '../http/on-error.ts'

/** One's own playlist too. Again is as good as once, and told once. @throws {AppError} PLAYLIST_NOT_FOUND */
export async function subscribe(db: Db, subscriberId: string, playlistId: string, requestId: string): Promise<void> {
  await db
    .transaction(async (tx) => {
      const { rowCount } = await tx
        .insert(playlistSubscriptions)
        .values({ playlistId, subscriberId })
        .onConflictDoNothing()
      if (rowCount === 0) return
      const ownerId = await count(tx, playlistId, 1)
      await emit(tx, newEvent('playlist.subscribed', playlistId, { playlistId, ownerId, subscriberId }, requestId))
    })
    .catch(named('playlist_subscriptions_playlist_id_fkey', 'PLAYLIST_NOT_FOUND'))
}

/** Without a subscription there is nothing to do. @throws {AppError} PLAYLIST_NOT_FOUND */
export async function unsubscribe(db: Db, subscriberId: string, playlistId: string, requestId: string): Promise<void> {
  await db.transaction(async (tx) => {
    const { rowCount } = await tx
      .delete(playlistSubscriptions)
      .where(
        and(eq(playlistSubscriptions.playlistId, playlistId), eq(playlistSubscriptions.subscriberId, subscriberId)),
      )
    if (rowCount === 0) return assertPlaylist(tx, playlistId)
    const ownerId = await count(tx, playlistId, -1)
    await emit(tx, newEvent('playlist.unsubscribed', playlistId, { playlistId, ownerId, subscriberId }, requestId))
  })
}

/** @returns the playlist's owner */
async function count(tx: Sql, playlistId: string, change: 1 | -1): Promise<string> {
  const [playlist] = await tx
    .update(playlists)
    .set({ subscriberCount: sql`${playlists.subscriberCount} + ${change}` })
    .where(eq(playlists.id, playlistId))
    .returning({ ownerId: playlists.ownerId })
  if (playlist === undefined) throw new AppError('PLAYLIST_NOT_FOUND')
  return playlist.ownerId
}

async function assertPlaylist(tx: Sql, playlistId: string): Promise<void> {
  if ((await tx.$count(playlists, eq(playlists.id, playlistId))) === 0) throw new AppError('PLAYLIST_NOT_FOUND')
}
