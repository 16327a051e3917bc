/** /api/reviews */
import { Hono } from 'hono'
import type { Deps } from '../deps.ts'
import { authenticate } from '../http/authenticate.ts'
import type { Env } from '../http/env.ts'
import { once } from '../http/once.ts'
import { valid } from '../http/validate.ts'
import { createReview, deleteReview, listReviews, updateReview } from './reviews.ts'
import { NewReview, ReviewChange, ReviewId, ReviewQuery } from './schemas.ts'

export function reviewRoutes(deps: Deps) {
  const { db } = deps
  const signedIn = authenticate(deps)
  return new Hono<Env>()
    .get('/', signedIn, valid('query', ReviewQuery), async (c) => c.json(await listReviews(db, c.req.valid('query'))))
    .post('/', signedIn, valid('json', NewReview), once(deps, 'json'), async (c) =>
      c.json(await createReview(c.var.db, c.var.user.id, c.req.valid('json'), c.var.requestId), 201),
    )
    .patch('/:reviewId', signedIn, valid('param', ReviewId), valid('json', ReviewChange), async (c) => {
      const { reviewId } = c.req.valid('param')
      return c.json(await updateReview(db, c.var.user.id, reviewId, c.req.valid('json'), c.var.requestId))
    })
    .delete('/:reviewId', signedIn, valid('param', ReviewId), async (c) => {
      await deleteReview(db, c.var.user.id, c.req.valid('param').reviewId, c.var.requestId)
      return c.body(null, 200)
    })
}
