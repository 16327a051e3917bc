/** /api/users */
import { AppError } from '@mopl/contracts/errors'
import { Hono, type MiddlewareHandler } from 'hono'
import type { Deps } from '../deps.ts'
import { authenticate, requireAdmin } from '../http/authenticate.ts'
import type { Env } from '../http/env.ts'
import { validParts } from '../http/parts.ts'
import { limitPerAddress } from '../http/rate-limit.ts'
import { once } from '../http/once.ts'
import { valid } from '../http/validate.ts'
import { listUsers } from './list.ts'
import { updateProfile } from './profile.ts'
import { LockChange, NewUser, PasswordChange, ProfileChange, RoleChange, UserId, UserQuery } from './schemas.ts'
import { changeLock, changePassword, changeRole, createUser, getUser } from './users.ts'

export function userRoutes(deps: Deps) {
  const signedIn = authenticate(deps)
  const hashed = hashPassword(deps)
  return new Hono<Env>()
    .get('/', signedIn, requireAdmin, valid('query', UserQuery), async (c) =>
      c.json(await listUsers(deps.db, c.req.valid('query'))),
    )
    .post(
      '/',
      limitPerAddress(deps, 'signUpPerAddress'),
      valid('json', NewUser),
      hashed,
      once(deps, 'json'),
      async (c) => {
        const { db, passwordHash, requestId } = c.var
        const { name, email } = c.req.valid('json')
        return c.json(await createUser(db, { name, email, passwordHash }, requestId), 201)
      },
    )
    .get('/:userId', signedIn, valid('param', UserId), async (c) =>
      c.json(await getUser(deps.db, c.req.valid('param').userId)),
    )
    .patch('/:userId', signedIn, valid('param', UserId), validParts(ProfileChange, 'image'), async (c) => {
      const { id } = c.var.user
      if (c.req.valid('param').userId !== id) throw new AppError('FORBIDDEN')
      const { request, picture } = c.req.valid('form')
      return c.json(await updateProfile(deps, id, request, picture))
    })
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

/** Before `once`, whose transaction must not wait for a hash. */
function hashPassword({ passwords }: Deps): MiddlewareHandler<Hashed, string, ReadNewUser> {
  return async (c, next) => {
    c.set('passwordHash', await passwords.hash(c.req.valid('json').password))
    await next()
  }
}

type Hashed = { Variables: Env['Variables'] & { passwordHash: string } }
type ReadNewUser = { in: { json: NewUser }; out: { json: NewUser } }
