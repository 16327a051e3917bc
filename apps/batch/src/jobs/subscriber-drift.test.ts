import { newId } from '@mopl/infrastructure/ids'
import { playlists, playlistSubscriptions } from '@mopl/infrastructure/tables'
import { eventually, waitingForLocks } from '@mopl/infrastructure/testing'
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { Tally } from '../tally.ts'
import { aContext, aUser, openTestBatch, type TestBatch } from '../test-data.ts'
import { repairDrift } from './drift.ts'
import { subscriberDrift } from './subscriber-drift.ts'

let batch: TestBatch
beforeAll(async () => void (batch = await openTestBatch()))
afterAll(() => batch.close())

async function aPlaylist(subscriberCount: number, subscribers: number): Promise<string> {
  const id = newId()
  await batch.db
    .insert(playlists)
    .values({ id, ownerId: await aUser(batch.db), title: '주말', description: '', subscriberCount })
  for (let subscriber = 0; subscriber < subscribers; subscriber++)
    await batch.db.insert(playlistSubscriptions).values({ playlistId: id, subscriberId: await aUser(batch.db) })
  return id
}

async function storedCount(id: string) {
  const [row] = await batch.db.select().from(playlists).where(eq(playlists.id, id))
  return row?.subscriberCount
}

async function recount(changes = {}) {
  const context = aContext(batch, changes)
  await repairDrift(context, subscriberDrift)
  return context.tally.counts[subscriberDrift.kind]
}

test('drift is repaired, counted and reported; what is right is left alone; a dry run only reports', async () => {
  const [drifted, emptied, right] = [await aPlaylist(7, 2), await aPlaylist(1, 0), await aPlaylist(3, 3)]
  const tally = new Tally()
  expect(await recount({ dryRun: true, tally })).toBe(2)
  expect(tally.details).toContainEqual({ kind: subscriberDrift.kind, id: drifted, count: 7, expectedCount: 2 })
  expect(await storedCount(drifted)).toBe(7)
  expect(await recount()).toBe(2)
  expect([await storedCount(drifted), await storedCount(emptied), await storedCount(right)]).toEqual([2, 0, 3])
  expect(await recount()).toBe(0)
})

test('a subscription being made at this moment is neither lost nor counted twice', async () => {
  const id = await aPlaylist(5, 1)
  const subscriberId = await aUser(batch.db)
  const api = await batch.postgres.pool.connect()
  try {
    await api.query('begin')
    await api.query('insert into playlist_subscriptions (playlist_id, subscriber_id) values ($1, $2)', [
      id,
      subscriberId,
    ])
    await api.query('update playlists set subscriber_count = subscriber_count + 1 where id = $1', [id])
    const running = recount()
    await eventually('the recount waits for the api', async () => (await waitingForLocks(batch.db)) === 1)
    await api.query('commit')
    expect(await running).toBe(1)
  } finally {
    api.release(true)
  }
  expect(await storedCount(id)).toBe(2)
})
