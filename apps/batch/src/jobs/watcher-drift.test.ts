import { redisKeys } from '@mopl/contracts/redis-keys'
import { newId } from '@mopl/infrastructure/ids'
import { untilRedisReady } from '@mopl/infrastructure/redis'
import { contents } from '@mopl/infrastructure/tables'
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { eq, sql } from 'drizzle-orm'
import { Tally } from '../tally.ts'
import { aContent, aContext, openTestBatch, type TestBatch } from '../test-data.ts'
import type { JobContext } from './job.ts'
import { recountWatchers, watcherDriftKind } from './watcher-drift.ts'

let batch: TestBatch
const rooms = new Set<string>()
beforeAll(async () => void (batch = await openTestBatch()))
afterAll(() => batch.close())
afterEach(async () => {
  await batch.db.execute(sql`truncate contents cascade`)
  if (rooms.size > 0) await batch.redis.del(...rooms)
  rooms.clear()
})

/** A content with this count in its row and this many watchers in its room. */
async function aContentWith({ stored, live }: { stored: number; live: number }): Promise<string> {
  const id = await aContent(batch.db, { watcherCount: stored })
  for (let watcher = 0; watcher < live; watcher++) await enter(id)
  return id
}

async function enter(contentId: string): Promise<void> {
  rooms.add(redisKeys.room(contentId))
  await batch.redis.hset(redisKeys.room(contentId), newId(), '{}')
}

/** What the worker does with the event of a change of the room. */
const eventArrives = async (id: string, watcherCount: number) =>
  void (await batch.db.update(contents).set({ watcherCount }).where(eq(contents.id, id)))

async function storedCount(id: string) {
  const [row] = await batch.db.select().from(contents).where(eq(contents.id, id))
  return row?.watcherCount
}

/** `meanwhile` happens in the time that events on their way are given. */
async function recount(changes: Partial<JobContext> = {}, meanwhile: () => Promise<void> = async () => undefined) {
  const context = aContext(batch, changes)
  await recountWatchers(context, meanwhile)
  return context.tally.counts[watcherDriftKind]
}

test('drift in either direction is repaired, counted and reported; what is right is left alone; a dry run only counts', async () => {
  const [ghosts, missed, right] = [
    await aContentWith({ stored: 4, live: 0 }),
    await aContentWith({ stored: 0, live: 2 }),
    await aContentWith({ stored: 3, live: 3 }),
  ]
  expect(await recount({ dryRun: true })).toBe(2)
  expect(await storedCount(ghosts)).toBe(4)
  const tally = new Tally()
  expect(await recount({ tally })).toBe(2)
  expect(tally.details).toContainEqual({ kind: watcherDriftKind, id: ghosts, count: 4, expectedCount: 0 })
  expect([await storedCount(ghosts), await storedCount(missed), await storedCount(right)]).toEqual([0, 2, 3])
  expect(await recount()).toBe(0)
})

test('an event that was only on its way is no drift', async () => {
  const id = await aContentWith({ stored: 1, live: 2 })
  expect(await recount({}, () => eventArrives(id, 2))).toBe(0)
  expect(await storedCount(id)).toBe(2)
})

test('a room that changes while it is watched is left to its events', async () => {
  const id = await aContentWith({ stored: 1, live: 2 })
  expect(await recount({}, () => enter(id))).toBe(0)
  expect(await storedCount(id)).toBe(1)
})

test('the size of a room is not written over that of a later event', async () => {
  const id = await aContentWith({ stored: 1, live: 2 })
  const redis = batch.redis.duplicate()
  await untilRedisReady(redis)
  // The last moment at which it can happen: the row was read, and the room is being asked for the second time.
  let asked = 0
  const hlen = redis.hlen.bind(redis)
  redis.hlen = async (key: Parameters<typeof hlen>[0]) => {
    const size = await hlen(key)
    if (++asked === 2) await eventArrives(id, 3)
    return size
  }
  try {
    expect(await recount({ redis })).toBe(0)
  } finally {
    redis.disconnect()
  }
  expect(await storedCount(id)).toBe(3)
})

test('told to stop while it waits, it changes nothing', async () => {
  const id = await aContentWith({ stored: 1, live: 0 })
  const stop = new AbortController()
  expect(await recount({ signal: stop.signal }, async () => stop.abort())).toBe(0)
  expect(await storedCount(id)).toBe(1)
})
