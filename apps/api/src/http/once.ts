/**
 * `Idempotency-Key`: a client that lost our answer asks again with the same key, and gets the same answer to one effect
 * (draft-ietf-httpapi-idempotency-key-header). Why it is one transaction: docs/decisions/0006.
 */
import { AppError } from '@mopl/contracts/errors'
import type { Db, Sql } from '@mopl/infrastructure/postgres'
import { TransactionRollbackError } from 'drizzle-orm'
import type { Context, MiddlewareHandler } from 'hono'
import type { StatusCode } from 'hono/utils/http-status'
import * as v from 'valibot'
import type { ApiMetrics } from '../metrics.ts'
import { type Answer, findAnswer, type KeyedRequest, lockKey, rememberAnswer } from './answers.ts'
import { telling } from './describe.ts'
import type { Env } from './env.ts'
import type { Fingerprint } from './fingerprint.ts'

/** `db` is what the handler must write to. */
type Once = { Variables: Env['Variables'] & { db: Db } }
type Body = 'json' | 'form'
type Read<T extends Body> = { in: { [K in T]: unknown }; out: { [K in T]: unknown } }
type Deps = { db: Db; fingerprint: Fingerprint; metrics: ApiMetrics }

const maxKeyLength = 255
const printable = /^[\x21-\x7e]+$/
const Header = v.object({
  'Idempotency-Key': v.optional(
    v.pipe(
      v.string(),
      v.regex(printable),
      v.maxLength(maxKeyLength),
      v.description('같은 키로 다시 보낸 요청은 24시간 동안 한 번만 처리되고 같은 응답을 받습니다.'),
    ),
  ),
})

/**
 * Behind authentication and validation. Without the header `c.var.db` is simply the database.
 *
 * @param body where the validated body is, for an operation that has one
 * @throws {AppError} INVALID_REQUEST for a key that is none; IDEMPOTENCY_CONFLICT while the first request is under way, or
 * when that was another request
 */
export function once<T extends Body = never>(deps: Deps, body?: T): MiddlewareHandler<Once, string, Read<T>> {
  return telling(
    async function takeKey(c, next) {
      const key = c.req.header('idempotency-key')
      if (key === undefined) {
        c.set('db', deps.db)
        return next()
      }
      if (key.length > maxKeyLength || !printable.test(key))
        throw new AppError('INVALID_REQUEST', {
          'Idempotency-Key': `공백 없는 ASCII ${maxKeyLength}자 이하여야 합니다.`,
        })
      const request: KeyedRequest = {
        caller: c.var.user?.id ?? c.var.clientAddress(),
        operation: `${c.req.method} ${c.req.path}`,
        key,
        fingerprint: await deps.fingerprint(body === undefined ? null : c.req.valid(body)),
      }
      await deps.db.transaction(async (tx) => {
        await lockKey(tx, request)
        const earlier = await findAnswer(tx, request)
        if (earlier !== undefined) {
          deps.metrics.replays.inc()
          c.res = replay(c, earlier)
          return
        }
        await untilRefused(tx, async (db) => {
          c.set('db', db)
          await next()
          return c.res.status < 400
        })
        if (isFinal(c.res.status)) await rememberAnswer(tx, request, await answerOf(c.res))
      })
    },
    { parameters: { in: 'header', fields: Header }, refusals: ['INVALID_REQUEST', 'IDEMPOTENCY_CONFLICT'] },
  )
}

/** Undoes whatever `work` wrote unless it answers `true`: a refusal has no effect, and the transaction goes on. */
async function untilRefused(tx: Sql, work: (db: Db) => Promise<boolean>): Promise<void> {
  const done = tx.transaction(async (savepoint) => {
    if (!(await work(savepoint))) savepoint.rollback()
  })
  await done.catch((error: unknown) => {
    if (!(error instanceof TransactionRollbackError)) throw error
  })
}

/** After anything else trying again may end differently. */
function isFinal(status: number): boolean {
  return status < 500 && status !== 429
}

async function answerOf(response: Response): Promise<Answer> {
  const body = await response.clone().text()
  return { status: response.status, contentType: response.headers.get('content-type'), body }
}

function replay(c: Pick<Context, 'newResponse'>, { status, contentType, body }: Answer): Response {
  const headers = { 'Idempotency-Replayed': 'true', ...(contentType !== null && { 'Content-Type': contentType }) }
  return c.newResponse(body === '' ? null : body, status as StatusCode, headers)
}
