import { consumers } from '@mopl/contracts/consumers'
import { contents, processedEvents, reviews } from '@mopl/infrastructure/tables'
import { eventually, waitingForLocks } from '@mopl/infrastructure/testing'
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { eq, sql } from 'drizzle-orm'
import { Tally } from '../tally.ts'
import { aContent, aContext, anEvent, aReview, openTestBatch } from '../test-data.ts'
import { repairDrift } from './drift.ts'
import { ratingDrift } from './rating-drift.ts'

let batch: Awaited<ReturnType<typeof openTestBatch>>
beforeAll(async () => void (batch = await openTestBatch()))
afterAll(() => batch.close())
afterEach(
  async () => void (await batch.db.execute(sql`truncate users, contents, outbox_events, processed_events cascade`)),
)

/** What the worker writes when an event has its effect. */
const applied = (eventId: string) => batch.db.insert(processedEvents).values({ consumer: consumers.ratings, eventId })

async function stored(id: string) {
  const [row] = await batch.db.select().from(contents).where(eq(contents.id, id))
  return { sum: row?.ratingSum, count: row?.reviewCount, average: row?.averageRating }
}

async function recount(changes = {}) {
  const context = aContext(batch, changes)
  await repairDrift(context, ratingDrift)
  return context.tally.counts['drifted-ratings']
}

test('drift is repaired, counted and reported; what is right is left alone', async () => {
  const drifted = await aContent(batch.db, { ratingSum: 99, reviewCount: 9 })
  const right = await aContent(batch.db, { ratingSum: 3, reviewCount: 1 })
  await applied((await aReview(batch.db, drifted, 4.5)).eventId)
  await applied((await aReview(batch.db, drifted, 2)).eventId)
  await applied((await aReview(batch.db, right, 3)).eventId)

  expect(await recount({ dryRun: true })).toBe(1)
  expect(await stored(drifted)).toEqual({ sum: 99, count: 9, average: 11 })
  const tally = new Tally()
  expect(await recount({ tally })).toBe(1)
  const both = { sum: 99, expectedSum: 6.5, count: 9, expectedCount: 2 }
  expect(tally.details).toEqual([{ kind: 'drifted-ratings', id: drifted, ...both }])
  expect(await stored(drifted)).toEqual({ sum: 6.5, count: 2, average: 3.25 })
  expect(await stored(right)).toEqual({ sum: 3, count: 1, average: 3 })
  expect(await recount()).toBe(0)
})

test('a review whose event is still on its way is not counted, because the event will', async () => {
  const contentId = await aContent(batch.db)
  await aReview(batch.db, contentId, 4)
  expect(await recount()).toBe(0)
  expect(await stored(contentId)).toEqual({ sum: 0, count: 0, average: 0 })
})

test('changes and removals on their way are taken into account as well', async () => {
  const contentId = await aContent(batch.db, { ratingSum: 7, reviewCount: 2 })
  const [changed, removed] = [await aReview(batch.db, contentId, 5), await aReview(batch.db, contentId, 2)]
  await applied(changed.eventId)
  await applied(removed.eventId)
  await batch.db.update(reviews).set({ rating: 1.5 }).where(eq(reviews.id, changed.id))
  await anEvent(batch.db, 'review.updated', contentId, { oldRating: 5, newRating: 1.5 })
  await batch.db.delete(reviews).where(eq(reviews.id, removed.id))
  await anEvent(batch.db, 'review.deleted', contentId, { rating: 2 }, new Date())

  expect(await recount()).toBe(0)
  expect(await stored(contentId)).toEqual({ sum: 7, count: 2, average: 3.5 })
})

test('an event being applied at this moment is neither lost nor counted twice', async () => {
  const contentId = await aContent(batch.db, { ratingSum: 50, reviewCount: 10 })
  const { eventId } = await aReview(batch.db, contentId, 4)
  const worker = await batch.postgres.pool.connect()
  try {
    await worker.query('begin')
    await worker.query('insert into processed_events (consumer, event_id) values ($1, $2)', [
      consumers.ratings,
      eventId,
    ])
    await worker.query(
      'update contents set rating_sum = rating_sum + 4, review_count = review_count + 1 where id = $1',
      [contentId],
    )
    const running = recount()
    await eventually('the recount waits for the worker', async () => (await waitingForLocks(batch.db)) === 1)
    await worker.query('commit')
    expect(await running).toBe(1)
  } finally {
    worker.release(true)
  }
  expect(await stored(contentId)).toEqual({ sum: 4, count: 1, average: 4 })
})
