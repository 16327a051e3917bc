/** Events that concern very many: everybody is told once, and nobody else waits. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { redisKeys } from '@mopl/contracts/redis-keys'
import type { MoplEvent } from '@mopl/contracts/events'
import { newEvent } from '@mopl/infrastructure/events'
import { notifications } from '@mopl/infrastructure/tables'
import { eventually, failureOf, waitingForLocks } from '@mopl/infrastructure/testing'
import { and, eq, sql, TransactionRollbackError } from 'drizzle-orm'
import { aContent, aFollow, aPlaylist, aUser, createTestSystem, emitted } from './testing.ts'

/** More than fit into one statement. */
const subscribers = 6_000
const connected = 40

const system = await createTestSystem()
const { db, redis } = system
let ownerId: string
let contentId: string
let playlistId: string
let listening: string[]

beforeAll(async () => {
  ;[ownerId, contentId] = [await aUser(db), await aContent(db)]
  playlistId = await aPlaylist(db, ownerId, [])
  for (let made = 0; made < subscribers; made += 1_000)
    await db.execute(sql`
      with fans as (
        insert into users (id, email, name) select gen_random_uuid(), gen_random_uuid() || '@example.com', '팬' || n
        from generate_series(1, 1000) as n returning id
      )
      insert into playlist_subscriptions (playlist_id, subscriber_id) select ${playlistId}, id from fans`)
  const { rows } = await db.execute<{ id: string }>(sql`
    select id from (select subscriber_id as id, row_number() over (order by subscriber_id) as place from playlist_subscriptions)
    order by place > 1, random() limit ${connected}`)
  listening = rows.map(({ id }) => id)
  for (const userId of listening)
    await redis.xadd(redisKeys.eventStream(userId), '*', 'event', 'connected', 'data', '{}')
})
afterAll(async () => {
  for (const userId of listening) await redis.del(redisKeys.eventStream(userId))
  await system.close()
})

const added = () => newEvent('playlist.content-added', playlistId, { playlistId, ownerId, contentId }, 'r')
const storedFor = (eventId: string) => db.$count(notifications, eq(notifications.eventId, eventId))
const entriesOf = async (userId: string) => (await redis.xlen(redisKeys.eventStream(userId))) - 1

/** Somebody else is about to tell the first or last subscriber: whoever wants to do so waits for how that ends. */
async function holdUp(which: 'first' | 'last', events: readonly MoplEvent[]) {
  const held = Promise.withResolvers<void>()
  const ending = Promise.withResolvers<'commit' | 'rollback'>()
  const order = which === 'first' ? sql`asc` : sql`desc`
  const transaction = db.transaction(async (tx) => {
    for (const { eventId } of events)
      await tx.execute(sql`
        insert into notifications (id, event_id, receiver_id, title, content)
        select gen_random_uuid(), ${eventId}, subscriber_id, '-', '-' from playlist_subscriptions
        where playlist_id = ${playlistId} order by subscriber_id ${order} limit 1`)
    held.resolve()
    if ((await ending.promise) === 'rollback') tx.rollback()
  })
  await Promise.race([held.promise, transaction])
  return {
    fail: async () => {
      ending.resolve('rollback')
      expect(await failureOf(transaction)).toBeInstanceOf(TransactionRollbackError)
    },
    succeed: async () => {
      ending.resolve('commit')
      await transaction
    },
  }
}

test('each of 6,000 subscribers is told once, the connected ones see it once, and the others behind it do not wait', async () => {
  await system.startWorker()
  const fan = listening[0] ?? ''
  const small = await aPlaylist(db, ownerId, [fan])
  await emitted(db, newEvent('playlist.content-added', small, { playlistId: small, ownerId, contentId }, 'r'))
  await eventually('the groups joined', async () => (await entriesOf(fan)) === 1, 20_000)

  const giants = [added(), added()]
  const stuck = await holdUp('last', giants)
  for (const giant of giants) await emitted(db, giant)
  const another = await emitted(
    db,
    newEvent('playlist.content-added', small, { playlistId: small, ownerId, contentId }, 'r'),
  )
  const [followerId, followeeId] = [await aUser(db), await aUser(db)]
  const followId = await aFollow(db, followerId, followeeId)
  const follow = await emitted(db, newEvent('follow.created', followeeId, { followId, followerId, followeeId }, 'r'))
  await eventually(
    'those behind',
    async () => (await storedFor(another.eventId)) + (await storedFor(follow.eventId)) === 2,
  )
  for (const { eventId } of giants) expect(await storedFor(eventId)).toBeLessThan(subscribers)
  await stuck.fail()

  for (const { eventId } of giants)
    await eventually('everybody', async () => (await storedFor(eventId)) === subscribers, 30_000)
  for (const userId of listening) {
    const expected = userId === fan ? 4 : 2
    await eventually('the streams', async () => (await entriesOf(userId)) >= expected)
    expect(await entriesOf(userId)).toBe(expected)
  }
  await system.stopWorkers()
}, 90_000)

test('a worker killed in the middle of it leaves it to the next, who tells the rest, and nobody twice', async () => {
  const before = new Map(await Promise.all(listening.map(async (id) => [id, await entriesOf(id)] as const)))
  const doomed = await system.startWorker()
  const event = await emitted(db, added())
  await eventually('the first of them', async () => (await storedFor(event.eventId)) > 100, 20_000)
  doomed.kill('SIGKILL')
  await doomed.exited
  await system.startWorker()
  await eventually('everybody', async () => (await storedFor(event.eventId)) === subscribers, 40_000)
  for (const userId of listening) {
    await eventually('the stream', async () => (await entriesOf(userId)) > (before.get(userId) ?? 0))
    expect(await entriesOf(userId)).toBe((before.get(userId) ?? 0) + 1)
  }
  await system.stopWorkers()
  const ownNotifications = and(eq(notifications.eventId, event.eventId), eq(notifications.receiverId, ownerId))
  expect(await db.$count(notifications, ownNotifications)).toBe(0)
}, 90_000)

test('one who is being told by somebody else at that moment keeps nobody else from being told, and sees it too', async () => {
  const before = new Map(await Promise.all(listening.map(async (id) => [id, await entriesOf(id)] as const)))
  await system.startWorker()
  const event = added()
  // Whoever it is dies before the push.
  const rival = await holdUp('first', [event])
  await emitted(db, event)
  await eventually('both groups wait', async () => (await waitingForLocks(db)) === 2, 20_000)
  await rival.succeed()
  await eventually('everybody', async () => (await storedFor(event.eventId)) === subscribers)
  for (const userId of listening) {
    await eventually('the stream', async () => (await entriesOf(userId)) > (before.get(userId) ?? 0))
    expect(await entriesOf(userId)).toBe((before.get(userId) ?? 0) + 1)
  }
  await system.stopWorkers()
}, 90_000)
