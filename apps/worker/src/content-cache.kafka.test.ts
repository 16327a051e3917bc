import { afterAll, expect, test } from 'bun:test'
import type { MoplEvent } from '@mopl/contracts/events'
import { redisKeys } from '@mopl/contracts/redis-keys'
import { newEvent } from '@mopl/infrastructure/events'
import { newId } from '@mopl/infrastructure/ids'
import { eventually } from '@mopl/infrastructure/testing'
import { aContent, aReview, aUser, createTestSystem, emitted, produced, ratingOf } from './testing.ts'

const system = await createTestSystem()
const { db, probe, redis } = system
await system.startWorker()
afterAll(() => system.close())

const keysOf = (id: string) => [redisKeys.contentAnswers(id), redisKeys.contentSummaryCache(id)]
/** The groups are joined within seconds of the start. */
const joiningMs = 20_000

async function cachedContent(): Promise<string> {
  const id = await aContent(db)
  for (const key of keysOf(id)) await redis.set(key, 'an old answer', 'EX', 60)
  return id
}

function forgotten(contentId: string): Promise<unknown> {
  return eventually('forgotten', async () => (await redis.exists(...keysOf(contentId))) === 0, joiningMs)
}

test('a content whose average has moved is forgotten by the caches, and not before', async () => {
  const contentId = await cachedContent()
  await emitted(db, aReview(contentId, 4.5))
  await forgotten(contentId)
  expect(await ratingOf(db, contentId)).toMatchObject({ count: 1, average: 4.5 })
})

test('so is one whose number of watchers has moved', async () => {
  const [contentId, watcherId] = [await cachedContent(), await aUser(db)]
  const started = { watchingSessionId: newId(), contentId, watcherId, startedAt: new Date().toISOString() }
  await produced(probe, newEvent('watching-session.started', contentId, { ...started, watcherCount: 1 }, 'r'))
  await forgotten(contentId)
})

test('so is one that was created, changed or deleted, whoever did it', async () => {
  const tell: ((contentId: string) => MoplEvent)[] = [
    (contentId) => newEvent('content.created', contentId, { contentId }, 'r'),
    (contentId) => newEvent('content.updated', contentId, { contentId }, 'r'),
    (contentId) => newEvent('content.deleted', contentId, { contentId }, 'r'),
  ]
  for (const event of tell) {
    const contentId = await cachedContent()
    await emitted(db, event(contentId))
    await forgotten(contentId)
  }
})
