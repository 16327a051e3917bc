/** /api/follows */
import { Hono } from 'hono'
import type { Deps } from '../deps.ts'
import { authenticate } from '../http/authenticate.ts'
import type { Env } from '../http/env.ts'
import { once } from '../http/once.ts'
import { valid } from '../http/validate.ts'
import { countFollowers, createFollow, deleteFollow, findFollow } from './follows.ts'
import { Followee, FollowId } from './schemas.ts'

export function followRoutes(deps: Deps) {
  const { db } = deps
  const signedIn = authenticate(deps)
  return new Hono<Env>()
    .post('/', signedIn, valid('json', Followee), once(deps, 'json'), async (c) =>
      c.json(await createFollow(c.var.db, c.var.user.id, c.req.valid('json').followeeId, c.var.requestId), 201),
    )
    .delete('/:followId', signedIn, valid('param', FollowId), async (c) => {
      await deleteFollow(db, c.var.user.id, c.req.valid('param').followId, c.var.requestId)
      return c.body(null, 204)
    })
    .get('/followed-by-me', signedIn, valid('query', Followee), async (c) =>
      c.json(await findFollow(db, c.var.user.id, c.req.valid('query').followeeId)),
    )
    .get('/count', signedIn, valid('query', Followee), async (c) =>
      c.json(await countFollowers(db, c.req.valid('query').followeeId)),
    )
}
