/** /api/follows */
import { Count } from '@mopl/contracts/scalars'
import { Hono } from 'hono'
import * as v from 'valibot'
import type { Deps } from '../deps.ts'
import { authenticate } from '../http/authenticate.ts'
import { describing, explained, refuses, returns } from '../http/describe.ts'
import type { Env } from '../http/env.ts'
import { once } from '../http/once.ts'
import { valid } from '../http/validate.ts'
import { countFollowers, createFollow, deleteFollow, findFollow } from './follows.ts'
import { FollowDto, Followee, FollowId } from './schemas.ts'

const describe = describing('팔로우 관리')

export function followRoutes(deps: Deps) {
  const { db } = deps
  const signedIn = authenticate(deps)
  return new Hono<Env>()
    .post(
      '/',
      describe(
        'createFollow',
        '팔로우',
        returns(201, FollowDto),
        refuses('SELF_FOLLOW', 'USER_NOT_FOUND', 'ALREADY_FOLLOWING'),
      ),
      signedIn,
      valid('json', Followee),
      once(deps, 'json'),
      async (c) =>
        c.json(await createFollow(c.var.db, c.var.user.id, c.req.valid('json').followeeId, c.var.requestId), 201),
    )
    .delete(
      '/:followId',
      describe(
        'cancelFollow',
        '팔로우 취소',
        explained('API 요청자 본인의 팔로우만 취소할 수 있습니다.'),
        returns(204),
        refuses('FORBIDDEN', 'FOLLOW_NOT_FOUND'),
      ),
      signedIn,
      valid('param', FollowId),
      async (c) => {
        await deleteFollow(db, c.var.user.id, c.req.valid('param').followId, c.var.requestId)
        return c.body(null, 204)
      },
    )
    .get(
      '/followed-by-me',
      describe(
        'isFollowedByMe',
        '특정 유저를 내가 팔로우하는지 여부 조회',
        explained('팔로우하지 않으면 null입니다.'),
        returns(200, v.nullable(FollowDto)),
      ),
      signedIn,
      valid('query', Followee),
      async (c) => c.json(await findFollow(db, c.var.user.id, c.req.valid('query').followeeId)),
    )
    .get(
      '/count',
      describe('getFollowerCount', '특정 유저의 팔로워 수 조회', returns(200, v.pipe(Count, v.examples([42])))),
      signedIn,
      valid('query', Followee),
      async (c) => c.json(await countFollowers(db, c.req.valid('query').followeeId)),
    )
}
