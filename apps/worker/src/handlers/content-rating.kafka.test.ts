import { afterAll, expect, test } from 'bun:test'
import { deadLetterTopic, topics } from '@mopl/contracts/topics'
import { newEvent } from '@mopl/infrastructure/events'
import { newId } from '@mopl/infrastructure/ids'
import { eventually } from '@mopl/infrastructure/testing'
import { aContent, aReview, createTestSystem, emitted, produced, ratingOf, untilJoined } from '../testing.ts'

const system = await createTestSystem()
const { db, probe } = system
await system.startWorker()
const dead = await probe.consume([deadLetterTopic(topics.review, 'mopl-ratings')])
afterAll(() => system.close())
await untilJoined(db)

test('a review in the outbox reaches the average within a second', async () => {
  const contentId = await aContent(db)
  const startedAt = performance.now()
  await emitted(db, aReview(contentId, 4.5))
  await emitted(db, aReview(contentId, 2))
  await eventually('both counted', async () => (await ratingOf(db, contentId)).count === 2)
  expect(performance.now() - startedAt).toBeLessThan(1_000)
  expect(await ratingOf(db, contentId)).toEqual({ count: 2, sum: 6.5, average: 3.25 })
})

test('an update and a deletion move the average by what they change', async () => {
  const contentId = await aContent(db)
  const review = await emitted(db, aReview(contentId, 1))
  await emitted(db, aReview(contentId, 3))
  const { reviewId, authorId } = review.payload
  const changed = { reviewId, contentId, authorId, oldRating: 1, newRating: 4.1 }
  await emitted(db, newEvent('review.updated', contentId, changed, 'r'))
  await eventually('the update', async () => (await ratingOf(db, contentId)).sum === 7.1)
  await emitted(db, newEvent('review.deleted', contentId, { reviewId, contentId, authorId, rating: 4.1 }, 'r'))
  await eventually('the deletion', async () => (await ratingOf(db, contentId)).count === 1)
  expect(await ratingOf(db, contentId)).toEqual({ count: 1, sum: 3, average: 3 })
})

test('an event that comes twice counts once', async () => {
  const contentId = await aContent(db)
  const review = aReview(contentId, 5)
  await produced(probe, review)
  await produced(probe, review)
  await produced(probe, aReview(contentId, 1))
  await eventually('the last one', async () => (await ratingOf(db, contentId)).sum === 6)
  expect((await ratingOf(db, contentId)).count).toBe(2)
})

test('a review of a content that is gone changes nothing and holds nothing up', async () => {
  const contentId = await aContent(db)
  await emitted(db, aReview(newId(), 5))
  await emitted(db, aReview(contentId, 5))
  await eventually('the next one', async () => (await ratingOf(db, contentId)).count === 1)
  expect(dead.messages).toEqual([])
})
