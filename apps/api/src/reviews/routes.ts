/** /api/reviews */
import { Hono } from 'hono'
import type { Deps } from '../deps.ts'
import { sendPage } from '../http/answer-headers.ts'
import { authenticate } from '../http/authenticate.ts'
import { describing, explained, refuses, returns } from '../http/describe.ts'
import type { Env } from '../http/env.ts'
import { once } from '../http/once.ts'
import { valid } from '../http/validate.ts'
import { createReview, deleteReview, listReviews, updateReview } from './reviews.ts'
import { NewReview, ReviewChange, ReviewDto, ReviewId, ReviewPage, ReviewQuery } from './schemas.ts'

const describe = describing('리뷰 관리')

export function reviewRoutes(deps: Deps) {
  const { db } = deps
  const signedIn = authenticate(deps)
  return new Hono<Env>()
    .get(
      '/',
      describe('findReviews', '리뷰 목록 조회 (커서 페이지네이션)', returns(200, ReviewPage)),
      signedIn,
      valid('query', ReviewQuery),
      async (c) => sendPage(await listReviews(db, c.req.valid('query'))),
    )
    .post(
      '/',
      describe(
        'createReview',
        '리뷰 생성',
        explained('생성한 리뷰는 API 요청자 본인의 리뷰로 생성됩니다.'),
        returns(201, ReviewDto),
        refuses('CONTENT_NOT_FOUND', 'REVIEW_ALREADY_EXISTS'),
      ),
      signedIn,
      valid('json', NewReview),
      once(deps, 'json'),
      async (c) => c.json(await createReview(c.var.db, c.var.user.id, c.req.valid('json'), c.var.requestId), 201),
    )
    .patch(
      '/:reviewId',
      describe(
        'updateReview',
        '리뷰 수정',
        explained('리뷰 작성자만 수정할 수 있습니다.'),
        returns(200, ReviewDto),
        refuses('FORBIDDEN', 'REVIEW_NOT_FOUND'),
      ),
      signedIn,
      valid('param', ReviewId),
      valid('json', ReviewChange),
      async (c) => {
        const { reviewId } = c.req.valid('param')
        return c.json(await updateReview(db, c.var.user.id, reviewId, c.req.valid('json'), c.var.requestId))
      },
    )
    .delete(
      '/:reviewId',
      describe(
        'deleteReview',
        '리뷰 삭제',
        explained('리뷰 작성자만 삭제할 수 있습니다.'),
        returns(200),
        refuses('FORBIDDEN', 'REVIEW_NOT_FOUND'),
      ),
      signedIn,
      valid('param', ReviewId),
      async (c) => {
        await deleteReview(db, c.var.user.id, c.req.valid('param').reviewId, c.var.requestId)
        return c.body(null, 200)
      },
    )
}
