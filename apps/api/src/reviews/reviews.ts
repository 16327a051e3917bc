/** Reviews. A content's average is the worker's business: it follows from the events written here. */
import { AppError } from '@mopl/contracts/errors'
import { newId } from '@mopl/infrastructure/ids'
import { emit, newEvent } from '@mopl/infrastructure/outbox'
import type { Db, Sql } from '@mopl/infrastructure/postgres'
import { prepared } from '@mopl/infrastructure/prepared'
import { reviews, users } from '@mopl/infrastructure/tables'
import { and, eq, type InferSelectModel, sql } from 'drizzle-orm'
import { named } from '../http/on-error.ts'
import { type Page, toPage } from '../http/page.ts'
import { paged } from '../http/paged.ts'
import { countAll, countWhere } from '../http/total-count.ts'
import { toUserSummary, userSummaryColumns } from '../users/summary.ts'
import { type NewReview, type ReviewChange, type ReviewDto, type ReviewQuery, reviewSorts } from './schemas.ts'

const reviewColumns = {
  id: reviews.id,
  contentId: reviews.contentId,
  author: userSummaryColumns(users),
  text: reviews.text,
  rating: reviews.rating,
}

export async function listReviews(db: Sql, query: ReviewQuery): Promise<Page<ReviewDto>> {
  const { rows, totalCount } = await readReviews(db, query)
  return toPage(query, rows, totalCount, toReviewDto)
}

const readReviews = paged<ReviewQuery>({
  sorts: reviewSorts,
  id: reviews.id,
})((db, asked, { cursor, after, orderBy, limit }) => {
  const filter = asked.contentId && eq(reviews.contentId, asked.contentId)
  const totalCount = filter === undefined ? countAll(reviews) : countWhere(reviews, filter)
  return db
    .select({ ...reviewColumns, cursor, totalCount })
    .from(reviews)
    .innerJoin(users, eq(users.id, reviews.authorId))
    .where(and(filter, after))
    .orderBy(...orderBy)
    .limit(limit)
})

/** @throws {AppError} CONTENT_NOT_FOUND, REVIEW_ALREADY_EXISTS */
export async function createReview(
  db: Db,
  authorId: string,
  { contentId, rating, text }: NewReview,
  requestId: string,
): Promise<ReviewDto> {
  return db
    .transaction(async (tx) => {
      const id = newId()
      await insertReview(tx).execute({ id, contentId, authorId, rating, text })
      await emit(tx, newEvent('review.created', contentId, { reviewId: id, contentId, authorId, rating }, requestId))
      return getReview(tx, id)
    })
    .catch(named('uq_reviews_content_author', 'REVIEW_ALREADY_EXISTS'))
    .catch(named('reviews_content_id_fkey', 'CONTENT_NOT_FOUND'))
}

const insertReview = prepared((db) =>
  db.insert(reviews).values({
    id: sql.placeholder('id'),
    contentId: sql.placeholder('contentId'),
    authorId: sql.placeholder('authorId'),
    rating: sql.placeholder('rating'),
    text: sql.placeholder('text'),
  }),
)

/** What is not named stays; a change that changes nothing is not told. @throws {AppError} REVIEW_NOT_FOUND, FORBIDDEN */
export async function updateReview(
  db: Db,
  authorId: string,
  reviewId: string,
  change: ReviewChange,
  requestId: string,
): Promise<ReviewDto> {
  return db.transaction(async (tx) => {
    const { contentId, ...old } = await lockOwnReview(tx, authorId, reviewId)
    const rating = change.rating ?? old.rating
    const text = change.text ?? old.text
    if (rating !== old.rating || text !== old.text) {
      await tx.update(reviews).set({ rating, text, updatedAt: new Date() }).where(eq(reviews.id, reviewId))
      const payload = { reviewId, contentId, authorId, oldRating: old.rating, newRating: rating }
      await emit(tx, newEvent('review.updated', contentId, payload, requestId))
    }
    return getReview(tx, reviewId)
  })
}

/** @throws {AppError} REVIEW_NOT_FOUND, FORBIDDEN */
export async function deleteReview(db: Db, authorId: string, reviewId: string, requestId: string): Promise<void> {
  await db.transaction(async (tx) => {
    const { contentId, rating } = await lockOwnReview(tx, authorId, reviewId)
    await tx.delete(reviews).where(eq(reviews.id, reviewId))
    await emit(tx, newEvent('review.deleted', contentId, { reviewId, contentId, authorId, rating }, requestId))
  })
}

/** Locked, so that the old rating in the event is the one this change replaces. */
async function lockOwnReview(tx: Sql, authorId: string, reviewId: string): Promise<InferSelectModel<typeof reviews>> {
  const [review] = await tx.select().from(reviews).where(eq(reviews.id, reviewId)).for('update')
  if (review === undefined) throw new AppError('REVIEW_NOT_FOUND')
  if (review.authorId !== authorId) throw new AppError('FORBIDDEN')
  return review
}

async function getReview(db: Sql, reviewId: string): Promise<ReviewDto> {
  const [row] = await reviewById(db).execute({ reviewId })
  if (row === undefined) throw new AppError('REVIEW_NOT_FOUND')
  return toReviewDto(row)
}

const reviewById = prepared((db) =>
  db
    .select(reviewColumns)
    .from(reviews)
    .innerJoin(users, eq(users.id, reviews.authorId))
    .where(eq(reviews.id, sql.placeholder('reviewId'))),
)

type ReviewRow = Omit<ReviewDto, 'author'> & { author: Parameters<typeof toUserSummary>[0] }

function toReviewDto({ id, contentId, author, text, rating }: ReviewRow): ReviewDto {
  return { id, contentId, author: toUserSummary(author), text, rating }
}
