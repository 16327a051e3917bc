/** The account behind a social identity. */
import { AppError } from '@mopl/contracts/errors'
import { limits } from '@mopl/contracts/scalars'
import { newId } from '@mopl/infrastructure/ids'
import { emit, newEvent } from '@mopl/infrastructure/outbox'
import type { Db, Sql } from '@mopl/infrastructure/postgres'
import { users } from '@mopl/infrastructure/tables'
import { and, eq } from 'drizzle-orm'
import type { RefreshTokens, Session } from '../auth/refresh-tokens.ts'
import { named } from '../http/on-error.ts'
import type { Identity, ProviderName } from './providers.ts'

/**
 * Signs in the identity's account, which is made when it is seen first. An account with the same e-mail that came by
 * another way is not taken over: whoever has it may be somebody else.
 *
 * @throws {AppError} EMAIL_TAKEN, ACCOUNT_LOCKED
 */
export async function signInAs(
  { db, refreshTokens }: { db: Db; refreshTokens: RefreshTokens },
  provider: ProviderName,
  identity: Identity,
  requestId: string,
): Promise<Session> {
  const userId =
    (await findAccount(db, provider, identity)) ??
    // Of two first sign-ins at once the second finds what the first has made.
    (await createAccount(db, provider, identity, requestId).catch(async (error: unknown) => {
      const meanwhile = await findAccount(db, provider, identity)
      if (meanwhile === undefined) throw error
      return meanwhile
    }))

  // The shared lock makes a lock wait until the session exists, as in a sign-in by password.
  return db.transaction(async (tx) => {
    const [user] = await tx.select({ isLocked: users.isLocked }).from(users).where(eq(users.id, userId)).for('share')
    if (user === undefined) throw new AppError('USER_NOT_FOUND')
    if (user.isLocked) throw new AppError('ACCOUNT_LOCKED')
    return refreshTokens.begin(userId)
  })
}

async function findAccount(db: Sql, provider: ProviderName, identity: Identity): Promise<string | undefined> {
  const [user] = await db
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.authProvider, provider), eq(users.providerUserId, identity.providerUserId)))
  return user?.id
}

/** It has no password. */
async function createAccount(
  db: Db,
  authProvider: ProviderName,
  { providerUserId, name, email }: Identity,
  requestId: string,
): Promise<string> {
  const id = newId()
  await db
    .transaction(async (tx) => {
      await tx.insert(users).values({ id, name: nameFrom(name), email, authProvider, providerUserId })
      await emit(tx, newEvent('user.registered', id, { userId: id }, requestId))
    })
    .catch(named('uq_users_email', 'EMAIL_TAKEN'))
  return id
}

/** Providers have other rules for names than we do. */
function nameFrom(theirs: string): string {
  const letters = Array.from(theirs.replaceAll(/\p{C}/gu, ' ').trim())
  return letters.length < limits.name.min ? '모플 회원' : letters.slice(0, limits.name.max).join('').trim()
}
