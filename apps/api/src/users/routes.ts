/** /api/users */
import { AppError } from '@mopl/contracts/errors'
import { Hono } from 'hono'
import type { Deps } from '../deps.ts'
import { authenticate, requireAdmin } from '../http/authenticate.ts'
import type { Env } from '../http/env.ts'
import { valid } from '../http/validate.ts'
import { LockChange, NewUser, PasswordChange, RoleChange, UserId } from './schemas.ts'
import { changeLock, changePassword, changeRole, createUser, getUser } from './users.ts'

export function userRoutes(deps: Deps) {
  const signedIn = authenticate(deps)
  return new Hono<Env>()
    .post('/', valid('json', NewUser), async (c) =>
      c.json(await createUser(deps, c.req.valid('json'), c.var.requestId), 201),
    )
    .get('/:userId', signedIn, valid('param', UserId), async (c) =>
      c.json(await getUser(deps.db, c.req.valid('param').userId)),
    )
    .patch('/:userId/role', signedIn, requireAdmin, valid('param', UserId), valid('json', RoleChange), async (c) => {
      await changeRole(deps, c.req.valid('param').userId, c.req.valid('json').role, c.var.requestId)
      return c.body(null, 204)
    })
    .patch('/:userId/locked', signedIn, requireAdmin, valid('param', UserId), valid('json', LockChange), async (c) => {
      await changeLock(deps, c.req.valid('param').userId, c.req.valid('json').locked, c.var.requestId)
      return c.body(null, 204)
    })
    .patch('/:userId/password', signedIn, valid('param', UserId), valid('json', PasswordChange), async (c) => {
      const { id, sessionId } = c.var.user
      if (c.req.valid('param').userId !== id) throw new AppError('FORBIDDEN')
      await changePassword(deps, id, c.req.valid('json').password, sessionId)
      return c.body(null, 204)
    })
}
