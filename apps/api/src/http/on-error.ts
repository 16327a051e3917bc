/** The one place where an error becomes an answer. Nothing but the words of `contracts/errors.ts` reaches a client. */
import { AppError, errorBody, type ErrorCode, errorStatus } from '@mopl/contracts/errors'
import { brokenConstraint, isPostgresUnavailable, sqlState } from '@mopl/infrastructure/postgres'
import { isRedisUnavailable } from '@mopl/infrastructure/redis'
import { DrizzleQueryError } from 'drizzle-orm'
import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { Env } from './env.ts'

/** Text with NUL, not a uuid, out of range, too long, not a date, a date out of range: the client's doing. */
const clientFaults = new Set(['22021', '22P02', '22003', '22001', '22007', '22008'])
const statementCancelled = '57014'
const retryAfterSeconds = 1

export function onError(error: Error, c: Context<Env>): Response {
  return refuse(c, toAppError(error))
}

/** Answers with the public error body. */
export function refuse(c: Context<Env>, error: AppError): Response {
  c.set('refusal', error.code)
  const status = errorStatus(error.code)
  if (status === 401) c.header('WWW-Authenticate', 'Bearer')
  if (status === 429 || status > 500) c.header('Retry-After', String(error.retryAfterSeconds ?? retryAfterSeconds))
  return c.json(errorBody(error.code, error.details), status)
}

/**
 * For `.catch`: the database decides a race, this names what it decided.
 * `named('uq_users_email', 'EMAIL_TAKEN')` turns a breach of that constraint into that error and rethrows anything else.
 */
export function named(constraint: string, code: ErrorCode): (error: unknown) => never {
  return (error) => {
    if (brokenConstraint(error) === constraint) throw new AppError(code)
    throw error
  }
}

function toAppError(error: Error): AppError {
  if (error instanceof AppError) return error
  if (error instanceof HTTPException) return new AppError(codeOfStatus[error.status] ?? 'INTERNAL')
  const state = sqlState(error)
  if (state !== undefined && clientFaults.has(state)) return new AppError('INVALID_REQUEST')
  if (state === statementCancelled || isQueryTimeout(error)) return new AppError('TIMEOUT')
  if (isPostgresUnavailable(error) || isRedisUnavailable(error)) return new AppError('UNAVAILABLE')
  return new AppError('INTERNAL')
}

/** What Hono itself throws. */
const codeOfStatus: Partial<Record<number, ErrorCode>> = {
  400: 'INVALID_REQUEST',
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'ROUTE_NOT_FOUND',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
}

/** The client-side deadline of `pg`, which ends a wait that the server itself cannot end any more. */
function isQueryTimeout(error: Error): boolean {
  const cause = error instanceof DrizzleQueryError ? error.cause : error
  return cause?.message === 'Query read timeout'
}
