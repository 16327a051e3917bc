import { afterAll, expect, test } from 'bun:test'
import { deadLetterTopic, topics } from '@mopl/contracts/topics'
import { newEvent } from '@mopl/infrastructure/events'
import { newId } from '@mopl/infrastructure/ids'
import { eventually } from '@mopl/infrastructure/testing'
import { aContent, aReview, createTestSystem, emitted, metricOf, produced, ratingOf, untilJoined } from './testing.ts'

const system = await createTestSystem()
const { db, probe } = system
const worker = await system.startWorker()
const dead = await probe.consume([deadLetterTopic(topics.review, 'mopl-ratings')])
afterAll(() => system.close())
await untilJoined(db)

test('the request id of the api stands in the log line of the effect', async () => {
  const contentId = await aContent(db)
  const requestId = `request-${newId()}`
  await emitted(db, aReview(contentId, 5, requestId))
  const line = await eventually('the line', () =>
    worker
      .output()
      .split('\n')
      .find((text) => text.includes(requestId)),
  )
  expect(JSON.parse(line)).toMatchObject({ msg: 'events handled', consumer: 'mopl-ratings' })
})

test('an unknown type and a newer version are skipped and counted', async () => {
  const contentId = await aContent(db)
  const skipped = async () => (await metricOf(worker, 'mopl_worker_events_skipped_total', 'mopl-ratings')) ?? 0
  const before = await skipped()
  const event = aReview(contentId, 5)
  for (const stranger of [
    { ...event, type: 'review.praised' },
    { ...event, version: 2 },
  ])
    await probe.produce({ topic: topics.review, key: contentId, value: JSON.stringify(stranger) })
  await produced(probe, aReview(contentId, 1))
  await eventually('the known one', async () => (await ratingOf(db, contentId)).count === 1)
  expect(await skipped()).toBe(before + 2)
  expect(dead.messages).toEqual([])
})

test('what cannot be parsed goes to the dead letters at once, as it came', async () => {
  const contentId = await aContent(db)
  const headers = { eventId: 'e1', 'dlq-error': 'of an earlier death' }
  await probe.produce({ topic: topics.review, key: contentId, value: '{"not": "an event"', headers })
  await emitted(db, aReview(contentId, 2))
  const letter = await eventually('the dead letter', () => dead.messages.find(({ key }) => key === contentId))
  expect(letter.value).toBe('{"not": "an event"')
  expect(letter.headers).toMatchObject({
    eventId: 'e1',
    'dlq-topic': topics.review,
    'dlq-group': 'mopl-ratings',
    'dlq-attempts': '1',
  })
  expect(letter.headers['dlq-error']).toContain('JSON')
  expect(letter.headers['dlq-partition']).toMatch(/^\d+$/)
  expect(letter.headers['dlq-offset']).toMatch(/^\d+$/)
  await eventually('the one behind it', async () => (await ratingOf(db, contentId)).count === 1)
})

test('an event whose effect is impossible is tried again, then put aside; those beside it have their effect', async () => {
  const [contentId, impossible] = [await aContent(db), await aContent(db)]
  const payload = { reviewId: newId(), contentId: impossible, authorId: newId(), rating: 5 }
  const poison = newEvent('review.deleted', impossible, payload, 'r')
  await emitted(db, poison)
  await emitted(db, aReview(contentId, 3))
  const letter = await eventually('the dead letter', () => dead.messages.find(({ key }) => key === impossible), 20_000)
  expect(JSON.parse(letter.value)).toEqual(poison)
  expect(letter.headers['dlq-error']).toContain('ck_contents_')
  expect(Number(letter.headers['dlq-attempts'])).toBeGreaterThanOrEqual(4)
  await eventually('the one beside it', async () => (await ratingOf(db, contentId)).count === 1)
  expect(await metricOf(worker, 'mopl_worker_dead_lettered_total', 'mopl-ratings', 'reason="failed"')).toBe(1)
}, 30_000)
