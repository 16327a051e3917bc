/** /api/users */
import { AppError } from '@mopl/contracts/errors'
import { redisKeys } from '@mopl/contracts/redis-keys'
import { forgetUsers } from '@mopl/infrastructure/forget'
import { Hono, type MiddlewareHandler } from 'hono'
import type { Deps } from '../deps.ts'
import type { Entry } from '../http/answer-cache.ts'
import { sendJson, sendPage } from '../http/answer-headers.ts'
import { authenticate, requireAdmin } from '../http/authenticate.ts'
import { describing, explained, refuses, returns } from '../http/describe.ts'
import type { Env } from '../http/env.ts'
import { forgetAfter } from '../http/forget-after.ts'
import { validParts } from '../http/parts.ts'
import { limitPerAddress } from '../http/rate-limit.ts'
import { once } from '../http/once.ts'
import { valid } from '../http/validate.ts'
import { listUsers } from './list.ts'
import { updateProfile } from './profile.ts'
import {
  LockChange,
  NewUser,
  PasswordChange,
  ProfileChange,
  RoleChange,
  UserDto,
  UserId,
  UserPage,
  UserQuery,
} from './schemas.ts'
import { changeLock, changePassword, changeRole, createUser, getUser } from './users.ts'

const describe = describing('사용자 관리')

export function userRoutes(deps: Deps) {
  const signedIn = authenticate(deps)
  const hashed = hashPassword(deps)
  const forgets = forgetAfter(deps, 'userId', (ids) => forgetUsers(deps.redis, ids))
  return new Hono<Env>()
    .get(
      '/',
      describe('findUsers', '[어드민] 사용자 목록 조회 (커서 페이지네이션)', returns(200, UserPage)),
      signedIn,
      requireAdmin,
      valid('query', UserQuery),
      async (c) => sendPage(await listUsers(deps.db, c.req.valid('query'))),
    )
    .post(
      '/',
      describe(
        'createUser',
        '사용자 등록 (회원가입)',
        returns(201, UserDto),
        refuses('EMAIL_TAKEN', 'TOO_MANY_REQUESTS'),
      ),
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
    .get(
      '/:userId',
      describe('findUser', '사용자 상세 조회', returns(200, UserDto), refuses('USER_NOT_FOUND')),
      signedIn,
      valid('param', UserId),
      async (c) => {
        const { userId } = c.req.valid('param')
        return sendJson(await deps.cache.json(userEntry(userId), () => getUser(deps.db, userId)))
      },
    )
    .patch(
      '/:userId',
      describe(
        'updateUser',
        '프로필 변경',
        explained('본인의 프로필만 변경할 수 있습니다.'),
        returns(200, UserDto),
        refuses('FORBIDDEN', 'USER_NOT_FOUND'),
      ),
      signedIn,
      valid('param', UserId),
      validParts(ProfileChange, 'image'),
      forgets,
      async (c) => {
        const { id } = c.var.user
        if (c.req.valid('param').userId !== id) throw new AppError('FORBIDDEN')
        const { request, picture } = c.req.valid('form')
        return c.json(await updateProfile(deps, id, request, picture))
      },
    )
    .patch(
      '/:userId/role',
      describe('updateUser_Role', '[어드민] 권한 수정', returns(204), refuses('USER_NOT_FOUND')),
      signedIn,
      requireAdmin,
      valid('param', UserId),
      valid('json', RoleChange),
      forgets,
      async (c) => {
        await changeRole(deps, c.req.valid('param').userId, c.req.valid('json').role, c.var.requestId)
        return c.body(null, 204)
      },
    )
    .patch(
      '/:userId/locked',
      describe(
        'updateUser_Locked',
        '[어드민] 계정 잠금 상태 변경',
        explained('[어드민 기능] 계정 잠금 상태를 변경합니다.'),
        returns(204),
        refuses('USER_NOT_FOUND'),
      ),
      signedIn,
      requireAdmin,
      valid('param', UserId),
      valid('json', LockChange),
      forgets,
      async (c) => {
        await changeLock(deps, c.req.valid('param').userId, c.req.valid('json').locked, c.var.requestId)
        return c.body(null, 204)
      },
    )
    .patch(
      '/:userId/password',
      describe(
        'updateUser_Password',
        '비밀번호 변경',
        explained('본인의 비밀번호만 변경할 수 있습니다.'),
        returns(204),
        refuses('FORBIDDEN', 'USER_NOT_FOUND', 'TOO_MANY_REQUESTS'),
      ),
      signedIn,
      valid('param', UserId),
      valid('json', PasswordChange),
      async (c) => {
        const { id, sessionId } = c.var.user
        if (c.req.valid('param').userId !== id) throw new AppError('FORBIDDEN')
        await changePassword(deps, id, c.req.valid('json').password, sessionId)
        return c.body(null, 204)
      },
    )
}

function userEntry(userId: string): Entry {
  return { kind: 'user', key: redisKeys.userAnswers(userId), field: 'dto' }
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
