/** The answers that are kept for an `Idempotency-Key`, and the lock on a key. */
import { AppError } from '@mopl/contracts/errors'
import type { Sql } from '@mopl/infrastructure/postgres'
import { idempotencyKeys } from '@mopl/infrastructure/tables'
import { and, eq, gt, sql } from 'drizzle-orm'

/** `caller` is a user's id or an address, `fingerprint` tells one body from another. */
export type KeyedRequest = { caller: string; operation: string; key: string; fingerprint: string }
export type Answer = { status: number; contentType: string | null; body: string }

/** Until the transaction ends, also if it is the process that ends. @throws {AppError} IDEMPOTENCY_CONFLICT */
export async function lockKey(tx: Sql, { caller, operation, key }: KeyedRequest): Promise<void> {
  const name = JSON.stringify([caller, operation, key])
  const { rows } = await tx.execute<{ free: boolean }>(
    sql`select pg_try_advisory_xact_lock(hashtextextended(${name}, 0)) as free`,
  )
  if (rows[0]?.free !== true) throw new AppError('IDEMPOTENCY_CONFLICT')
}

/** Of the last 24 hours. @throws {AppError} IDEMPOTENCY_CONFLICT when the key was used for another request */
export async function findAnswer(tx: Sql, request: KeyedRequest): Promise<Answer | undefined> {
  const [found] = await tx
    .select()
    .from(idempotencyKeys)
    .where(
      and(
        eq(idempotencyKeys.caller, request.caller),
        eq(idempotencyKeys.operation, request.operation),
        eq(idempotencyKeys.key, request.key),
        gt(idempotencyKeys.createdAt, sql`now() - interval '24 hours'`),
      ),
    )
  if (found !== undefined && found.fingerprint !== request.fingerprint) throw new AppError('IDEMPOTENCY_CONFLICT')
  return found
}

/** In the place of an answer that has expired. */
export async function rememberAnswer(tx: Sql, request: KeyedRequest, answer: Answer): Promise<void> {
  const row = { ...request, ...answer }
  await tx
    .insert(idempotencyKeys)
    .values(row)
    .onConflictDoUpdate({
      target: [idempotencyKeys.caller, idempotencyKeys.operation, idempotencyKeys.key],
      set: { ...row, createdAt: sql`now()` },
    })
}
