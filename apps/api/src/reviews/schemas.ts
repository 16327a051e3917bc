/** What comes in and goes out of reviews. */
import { UserSummary } from '@mopl/contracts/realtime'
import { limits, Uuid } from '@mopl/contracts/scalars'
import { reviews } from '@mopl/infrastructure/tables'
import * as v from 'valibot'
import type { Sort } from '../http/keyset.ts'
import { pageOf, pageQuery } from '../http/page.ts'
import { text } from '../http/text.ts'

export const ReviewId = v.object({ reviewId: Uuid })

const Rating = v.pipe(v.number(), v.minValue(0), v.maxValue(5), v.description('평점 (0.0 ~ 5.0)'))
const ReviewText = text({ min: 1, max: limits.review.max })

export const NewReview = v.object({ contentId: Uuid, rating: Rating, text: ReviewText })
export type NewReview = v.InferOutput<typeof NewReview>

export const ReviewChange = v.object({ rating: v.optional(Rating), text: v.optional(ReviewText) })
export type ReviewChange = v.InferOutput<typeof ReviewChange>

export const reviewSorts = {
  createdAt: { column: reviews.createdAt, type: 'timestamptz' },
  rating: { column: reviews.rating, type: 'numeric' },
} satisfies Record<string, Sort>

export const ReviewQuery = v.object({
  ...pageQuery(['createdAt', 'rating']),
  contentId: v.optional(v.pipe(Uuid, v.description('콘텐츠 ID'))),
})
export type ReviewQuery = v.InferOutput<typeof ReviewQuery>

export const ReviewDto = v.object({
  id: Uuid,
  contentId: Uuid,
  author: UserSummary,
  text: v.string(),
  rating: v.number(),
})
export type ReviewDto = v.InferOutput<typeof ReviewDto>

export const ReviewPage = pageOf(ReviewDto)
