/** Signing up, reading a user, changing role, lock and password. */
import type { Role } from '@mopl/contracts/access-token'
import { AppError } from '@mopl/contracts/errors'
import { newId } from '@mopl/infrastructure/ids'
import { emit, newEvent } from '@mopl/infrastructure/outbox'
import type { Db, Sql } from '@mopl/infrastructure/postgres'
import type { RedisClient } from '@mopl/infrastructure/redis'
import { users } from '@mopl/infrastructure/tables'
import { eq, type InferSelectModel } from 'drizzle-orm'
import type { Passwords } from '../auth/passwords.ts'
import { endSessions } from '../auth/sessions.ts'
import { named } from '../http/on-error.ts'
import { mediaUrl } from '../pictures/urls.ts'
import type { NewUser, UserDto } from './schemas.ts'

/** @throws {AppError} EMAIL_TAKEN */
export async function createUser(
  db: Db,
  { name, email, passwordHash }: Omit<NewUser, 'password'> & { passwordHash: string },
  requestId: string,
  role: Role = 'USER',
): Promise<UserDto> {
  return db
    .transaction(async (tx) => {
      const [user] = await tx.insert(users).values({ id: newId(), name, email, role, passwordHash }).returning()
      if (user === undefined) throw new Error('insert returned no row')
      await emit(tx, newEvent('user.registered', user.id, { userId: user.id }, requestId))
      return toUserDto(user)
    })
    .catch(named('uq_users_email', 'EMAIL_TAKEN'))
}

/** @throws {AppError} USER_NOT_FOUND */
export async function getUser(sql: Sql, userId: string): Promise<UserDto> {
  const [user] = await sql.select(userColumns).from(users).where(eq(users.id, userId))
  if (user === undefined) throw new AppError('USER_NOT_FOUND')
  return toUserDto(user)
}

/**
 * Signs that user out everywhere: before the commit, so that a role never changes while its old sessions live on because
 * Redis was away.
 *
 * @throws {AppError} USER_NOT_FOUND
 */
export async function changeRole(
  { db, redis }: { db: Db; redis: RedisClient },
  userId: string,
  newRole: Role,
  requestId: string,
): Promise<void> {
  await db.transaction(async (tx) => {
    const { role: oldRole } = await lockUser(tx, userId)
    if (oldRole === newRole) return
    await tx.update(users).set({ role: newRole, updatedAt: new Date() }).where(eq(users.id, userId))
    await emit(tx, newEvent('user.role-changed', userId, { userId, oldRole, newRole }, requestId))
    await endSessions(redis, userId)
  })
}

/** Locking signs that user out everywhere, before the commit as in `changeRole`. @throws {AppError} USER_NOT_FOUND */
export async function changeLock(
  { db, redis }: { db: Db; redis: RedisClient },
  userId: string,
  locked: boolean,
  requestId: string,
): Promise<void> {
  await db.transaction(async (tx) => {
    const { isLocked } = await lockUser(tx, userId)
    if (isLocked === locked) return
    await tx.update(users).set({ isLocked: locked, updatedAt: new Date() }).where(eq(users.id, userId))
    await emit(tx, newEvent('user.locked', userId, { userId, locked }, requestId))
    if (locked) await endSessions(redis, userId)
  })
}

/** Destroys the temporary password and ends all sessions but `keepSessionId`. @throws {AppError} USER_NOT_FOUND */
export async function changePassword(
  { db, redis, passwords }: { db: Db; redis: RedisClient; passwords: Passwords },
  userId: string,
  password: string,
  keepSessionId: string,
): Promise<void> {
  const passwordHash = await passwords.hash(password)
  const noTemporaryPassword = { temporaryPasswordHash: null, temporaryPasswordExpiresAt: null }
  await db.transaction(async (tx) => {
    await lockUser(tx, userId)
    await tx
      .update(users)
      .set({ passwordHash, ...noTemporaryPassword, updatedAt: new Date() })
      .where(eq(users.id, userId))
    await endSessions(redis, userId, keepSessionId)
  })
}

async function lockUser(tx: Sql, userId: string): Promise<{ role: Role; isLocked: boolean }> {
  const [user] = await tx
    .select({ role: users.role, isLocked: users.isLocked })
    .from(users)
    .where(eq(users.id, userId))
    .for('update')
  if (user === undefined) throw new AppError('USER_NOT_FOUND')
  return user
}

/** The columns that `toUserDto` needs: never those with secrets. */
export const userColumns = {
  id: users.id,
  createdAt: users.createdAt,
  email: users.email,
  name: users.name,
  profileImageKey: users.profileImageKey,
  role: users.role,
  isLocked: users.isLocked,
}

export function toUserDto(user: Pick<InferSelectModel<typeof users>, keyof typeof userColumns>): UserDto {
  const { id, email, name, role, profileImageKey } = user
  return {
    id,
    createdAt: user.createdAt.toISOString(),
    email,
    name,
    ...(profileImageKey !== null && { profileImageUrl: mediaUrl(profileImageKey) }),
    role,
    locked: user.isLocked,
  }
}
