/** Who is asking. */
import { AppError } from '@mopl/contracts/errors'
import type { AccessTokens } from '@mopl/infrastructure/access-tokens'
import type { SessionRegistry } from '@mopl/infrastructure/sessions'
import type { MiddlewareHandler } from 'hono'
import { telling } from './describe.ts'
import type { SignedIn } from './env.ts'

/**
 * Lets through whoever shows a token of a session in force, as `c.var.user`.
 *
 * @throws {AppError} UNAUTHENTICATED, INVALID_TOKEN, SESSION_ENDED; UNAVAILABLE when nobody can say whether it is in force
 */
export function authenticate({
  tokens,
  sessions,
}: {
  tokens: AccessTokens
  sessions: SessionRegistry
}): MiddlewareHandler<SignedIn> {
  return telling(
    async (c, next) => {
      const token = bearerToken(c.req.header('authorization'))
      if (token === undefined) throw new AppError('UNAUTHENTICATED')
      const { sub, role, sid } = await tokens.verify(token)
      await sessions.assertInForce(sub, sid)
      c.set('user', { id: sub, role, sessionId: sid })
      await next()
    },
    { needs: 'bearer', refusals: ['UNAUTHENTICATED', 'INVALID_TOKEN', 'SESSION_ENDED'] },
  )
}

/** Behind `authenticate`. @throws {AppError} FORBIDDEN */
export const requireAdmin = telling<MiddlewareHandler<SignedIn>>(
  async (c, next) => {
    if (c.var.user.role !== 'ADMIN') throw new AppError('FORBIDDEN')
    await next()
  },
  { refusals: ['FORBIDDEN'] },
)

/** The token of an `Authorization` header (RFC 6750 section 2.1); `undefined` when there is none. */
export function bearerToken(header: string | undefined): string | undefined {
  return header?.match(/^Bearer +(\S+)$/i)?.[1]
}
