/** Who follows whom. */
import { AppError } from '@mopl/contracts/errors'
import { newId } from '@mopl/infrastructure/ids'
import { emit, newEvent } from '@mopl/infrastructure/outbox'
import type { Db, Sql } from '@mopl/infrastructure/postgres'
import { follows } from '@mopl/infrastructure/tables'
import { and, eq } from 'drizzle-orm'
import { named } from '../http/on-error.ts'
import type { FollowDto } from './schemas.ts'

const followColumns = { id: follows.id, followeeId: follows.followeeId, followerId: follows.followerId }

/** @throws {AppError} SELF_FOLLOW, USER_NOT_FOUND, ALREADY_FOLLOWING */
export async function createFollow(
  db: Db,
  followerId: string,
  followeeId: string,
  requestId: string,
): Promise<FollowDto> {
  if (followerId === followeeId) throw new AppError('SELF_FOLLOW')
  const id = newId()
  await db
    .transaction(async (tx) => {
      await tx.insert(follows).values({ id, followerId, followeeId })
      await emit(tx, newEvent('follow.created', followeeId, { followId: id, followerId, followeeId }, requestId))
    })
    .catch(named('uq_follows_follower_followee', 'ALREADY_FOLLOWING'))
    .catch(named('follows_followee_id_fkey', 'USER_NOT_FOUND'))
  return { id, followeeId, followerId }
}

/** @throws {AppError} FOLLOW_NOT_FOUND, FORBIDDEN */
export async function deleteFollow(db: Db, followerId: string, followId: string, requestId: string): Promise<void> {
  await db.transaction(async (tx) => {
    const { followeeId } = await lockOwnFollow(tx, followerId, followId)
    await tx.delete(follows).where(eq(follows.id, followId))
    await emit(tx, newEvent('follow.deleted', followeeId, { followId, followerId, followeeId }, requestId))
  })
}

/** `null` when `followerId` does not follow them. */
export async function findFollow(db: Sql, followerId: string, followeeId: string): Promise<FollowDto | null> {
  const [follow] = await db
    .select(followColumns)
    .from(follows)
    .where(and(eq(follows.followerId, followerId), eq(follows.followeeId, followeeId)))
  return follow ?? null
}

export async function countFollowers(db: Sql, followeeId: string): Promise<number> {
  return db.$count(follows, eq(follows.followeeId, followeeId))
}

/** Locked, so that one end of a follow is told once. */
async function lockOwnFollow(tx: Sql, followerId: string, followId: string): Promise<FollowDto> {
  const [follow] = await tx.select(followColumns).from(follows).where(eq(follows.id, followId)).for('update')
  if (follow === undefined) throw new AppError('FOLLOW_NOT_FOUND')
  if (follow.followerId !== followerId) throw new AppError('FORBIDDEN')
  return follow
}
