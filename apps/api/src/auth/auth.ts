/** Signing in, refreshing, signing out. */
import { AppError } from '@mopl/contracts/errors'
import type { AccessTokens } from '@mopl/infrastructure/access-tokens'
import type { Db } from '@mopl/infrastructure/postgres'
import type { RedisClient } from '@mopl/infrastructure/redis'
import { users } from '@mopl/infrastructure/tables'
import { eq, type InferSelectModel, sql } from 'drizzle-orm'
import { toUserDto } from '../users/users.ts'
import type { Passwords } from './passwords.ts'
import { parseRefreshToken, type RefreshTokens, type Session } from './refresh-tokens.ts'
import type { JwtDto, SignIn } from './schemas.ts'
import { endSession } from './sessions.ts'

type Account = InferSelectModel<typeof users>
type Deps = { db: Db; redis: RedisClient; passwords: Passwords; refreshTokens: RefreshTokens; tokens: AccessTokens }
type SignedInAnswer = { refreshToken: string; jwt: JwtDto }

/** @throws {AppError} INVALID_CREDENTIALS, ACCOUNT_LOCKED (told only to whoever knows the password), TOO_MANY_REQUESTS */
export async function signIn(deps: Deps, { username, password }: SignIn): Promise<SignedInAnswer> {
  const { db, passwords, refreshTokens } = deps
  const [account] = await db
    .select()
    .from(users)
    .where(eq(sql`lower(${users.email})`, sql`lower(${username})`))
  if (!(await isRight(passwords, password, account)) || account === undefined) throw new AppError('INVALID_CREDENTIALS')

  // The shared lock makes a role change, a lock or a new password wait until the session exists, so that it ends it;
  // or they came first, and are seen here.
  return db.transaction(async (tx) => {
    const [current] = await tx.select().from(users).where(eq(users.id, account.id)).for('share')
    if (current === undefined || !hasSamePasswords(current, account)) throw new AppError('INVALID_CREDENTIALS')
    if (current.isLocked) throw new AppError('ACCOUNT_LOCKED')
    return answer(deps, current, await refreshTokens.begin(current.id))
  })
}

/**
 * Reads the user before it rotates: a token is not used up by a request that cannot be answered.
 *
 * @throws {AppError} INVALID_TOKEN
 */
export async function refresh(deps: Deps, refreshToken: string): Promise<SignedInAnswer> {
  const userId = parseRefreshToken(refreshToken)?.userId
  if (userId === undefined) throw new AppError('INVALID_TOKEN')
  const [account] = await deps.db.select().from(users).where(eq(users.id, userId))
  if (account === undefined) throw new AppError('INVALID_TOKEN')
  return answer(deps, account, await deps.refreshTokens.rotate(refreshToken))
}

/** Ends the session that either token belongs to. A void one ends nothing, and that is no error. */
export async function signOut(
  { redis, refreshTokens, tokens }: Deps,
  { refreshToken, accessToken }: { refreshToken: string | undefined; accessToken: string | undefined },
): Promise<void> {
  if (refreshToken !== undefined) await refreshTokens.end(refreshToken)
  if (accessToken === undefined) return
  const claims = await tokens.verify(accessToken).catch(ignoreInvalid)
  if (claims !== undefined) await endSession(redis, claims.sub, claims.sid)
}

function ignoreInvalid(error: unknown): undefined {
  if (error instanceof AppError && error.code === 'INVALID_TOKEN') return undefined
  throw error
}

async function isRight(passwords: Passwords, password: string, account: Account | undefined): Promise<boolean> {
  if (await passwords.isRight(password, account?.passwordHash)) return true
  const expiresAt = account?.temporaryPasswordExpiresAt?.getTime() ?? 0
  if (expiresAt <= Date.now()) return false
  return passwords.isRight(password, account?.temporaryPasswordHash)
}

function hasSamePasswords(one: Account, other: Account): boolean {
  return one.passwordHash === other.passwordHash && one.temporaryPasswordHash === other.temporaryPasswordHash
}

async function answer({ tokens }: Deps, account: Account, session: Session): Promise<SignedInAnswer> {
  const { id, role } = account
  const accessToken = await tokens.sign({ id, role, sessionId: session.sessionId })
  return { refreshToken: session.refreshToken, jwt: { userDto: toUserDto(account), accessToken } }
}
