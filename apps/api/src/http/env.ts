/** What travels with a request through Hono's context. */
import type { Role } from '@mopl/contracts/access-token'
import type { ErrorCode } from '@mopl/contracts/errors'

export type CurrentUser = { id: string; role: Role; sessionId: string }

/**
 * Every request. `remoteAddress` is who holds the other end of the connection, `clientAddress` tells whom that stands for;
 * `refusal` is set when the answer is an error body.
 */
export type Env = {
  Bindings: { remoteAddress: string | undefined }
  Variables: { requestId: string; clientAddress: () => string; user?: CurrentUser; refusal?: ErrorCode }
}

/** Behind `authenticate`: a handler that does not stand behind it cannot read `c.var.user` as present. */
export type SignedIn = { Variables: { requestId: string; user: CurrentUser } }
