/** Signing in, refreshing, signing out. */
import { AppError } from '@mopl/contracts/errors'
import type { AccessTokens } from '@mopl/infrastructure/access-tokens'
import type { Db } from '@mopl/infrastructure/postgres'
import type { RedisClient } from '@mopl/infrastructure/redis'
import { users } from '@mopl/infrastructure/tables'
import { eq, type InferSelectModel, sql } from 'drizzle-orm'
import { giveOneBack, takeOne } from '../http/rate-limit.ts'
import type { RateLimits } from '../http/rate-limits.ts'
import type { ApiMetrics } from '../metrics.ts'
import { toUserDto } from '../users/users.ts'
import type { Passwords } from './passwords.ts'
import { parseRefreshToken, type RefreshTokens, type Session } from './refresh-tokens.ts'
import type { JwtDto, SignIn } from './schemas.ts'
import { endSession } from './sessions.ts'

type Account = InferSelectModel<typeof users>
type Deps = {
  db: Db
  redis: RedisClient
  passwords: Passwords
  refreshTokens: RefreshTokens
  tokens: AccessTokens
  rateLimits: RateLimits
  metrics: ApiMetrics
}
type SignedInAnswer = { refreshToken: string; jwt: JwtDto }

/** @throws {AppError} INVALID_CREDENTIALS, ACCOUNT_LOCKED (told only to whoever knows the password), TOO_MANY_REQUESTS */
export async function signIn(
  deps: Deps,
  { username, password }: SignIn,
  clientAddress: string,
): Promise<SignedInAnswer> {
  const { db, passwords, refreshTokens } = deps
  // Here and not by PostgreSQL, which makes the same of more letters: what is counted is what is looked for.
  const email = username.toLowerCase()
  const uncount = await countGuess(deps, email, clientAddress)
  const [account] = await db
    .select()
    .from(users)
    .where(eq(sql`lower(${users.email})`, email))
  const right = await findRight(passwords, password, account)
  if (right === undefined || account === undefined) throw new AppError('INVALID_CREDENTIALS')
  await uncount()

  // The shared lock makes a role change, a lock or a new password wait until the session exists, so that it ends it;
  // or they came first, and are seen here.
  return db.transaction(async (tx) => {
    const [current] = await tx.select().from(users).where(eq(users.id, account.id)).for('share')
    if (current?.[right] !== account[right]) throw new AppError('INVALID_CREDENTIALS')
    if (current.isLocked) throw new AppError('ACCOUNT_LOCKED')
    return answer(deps, current, await refreshTokens.begin(current.id))
  })
}

/**
 * Reads the user before it rotates: a token is not used up by a request that cannot be answered.
 *
 * @throws {AppError} INVALID_TOKEN, TOO_MANY_REQUESTS
 */
export async function refresh(deps: Deps, refreshToken: string): Promise<SignedInAnswer> {
  const { userId, deviceId } = parseRefreshToken(refreshToken) ?? {}
  if (userId === undefined) throw new AppError('INVALID_TOKEN')
  await takeOne(deps, 'refreshPerDevice', `${userId}.${deviceId}`)
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

/**
 * A guess counts before its password is checked, so that many at once are no way around the limit; what turns out to be
 * right is no guess and is given back by the function that this returns.
 */
async function countGuess(deps: Deps, account: string, clientAddress: string): Promise<() => Promise<void>> {
  const fromHere = `${account} ${clientAddress}`
  await takeOne(deps, 'signInPerAccountAndAddress', fromHere)
  await takeOne(deps, 'signInPerAccount', account)
  return async () => {
    await giveOneBack(deps, 'signInPerAccountAndAddress', fromHere)
    await giveOneBack(deps, 'signInPerAccount', account)
  }
}

/** Which of the account's passwords it is, if any. */
async function findRight(
  passwords: Passwords,
  password: string,
  account: Account | undefined,
): Promise<'passwordHash' | 'temporaryPasswordHash' | undefined> {
  if (await passwords.isRight(password, account?.passwordHash)) return 'passwordHash'
  const expiresAt = account?.temporaryPasswordExpiresAt?.getTime() ?? 0
  if (expiresAt <= Date.now()) return undefined
  return (await passwords.isRight(password, account?.temporaryPasswordHash)) ? 'temporaryPasswordHash' : undefined
}

async function answer({ tokens }: Deps, account: Account, session: Session): Promise<SignedInAnswer> {
  const { id, role } = account
  const accessToken = await tokens.sign({ id, role, sessionId: session.sessionId })
  return { refreshToken: session.refreshToken, jwt: { userDto: toUserDto(account), accessToken } }
}
