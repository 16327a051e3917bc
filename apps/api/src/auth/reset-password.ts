/** A forgotten password. The temporary one is made by the worker, so that no secret travels through the events. */
import { AppError } from '@mopl/contracts/errors'
import { emit, newEvent } from '@mopl/infrastructure/outbox'
import type { Db } from '@mopl/infrastructure/postgres'
import type { RedisClient } from '@mopl/infrastructure/redis'
import { users } from '@mopl/infrastructure/tables'
import { and, eq, sql } from 'drizzle-orm'
import { takeOne } from '../http/rate-limit.ts'
import type { RateLimits } from '../http/rate-limits.ts'
import type { ApiMetrics } from '../metrics.ts'

type Deps = { db: Db; redis: RedisClient; rateLimits: RateLimits; metrics: ApiMetrics }

/**
 * An account of a social provider has no password that could be forgotten, and counts as unknown here.
 *
 * @throws {AppError} USER_NOT_FOUND, TOO_MANY_REQUESTS
 */
export async function requestPasswordReset(deps: Deps, email: string, requestId: string): Promise<void> {
  // As in a sign-in, what is counted is what is looked for.
  const account = email.toLowerCase()
  await takeOne(deps, 'resetPerAccount', account)
  const [user] = await deps.db
    .select({ id: users.id, email: users.email })
    .from(users)
    .where(and(eq(sql`lower(${users.email})`, account), eq(users.authProvider, 'local')))
  if (user === undefined) throw new AppError('USER_NOT_FOUND')
  const payload = { userId: user.id, email: user.email }
  await emit(deps.db, newEvent('user.password-reset-requested', user.id, payload, requestId))
}
