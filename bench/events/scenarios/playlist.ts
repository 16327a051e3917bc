/** One content added to a playlist with very many subscribers, while other things go on happening. */
import { setTimeout as delay } from 'node:timers/promises'
import { redisKeys } from '@mopl/contracts/redis-keys'
import type { MoplEvent } from '@mopl/contracts/events'
import { newEvent } from '@mopl/infrastructure/events'
import { newId } from '@mopl/infrastructure/ids'
import { createLog } from '@mopl/infrastructure/log'
import { emit, outboxChannel } from '@mopl/infrastructure/outbox'
import { type Db, openPostgres } from '@mopl/infrastructure/postgres'
import { contents, follows, notifications, playlists, processedEvents, users } from '@mopl/infrastructure/tables'
import { count, eq, sql } from 'drizzle-orm'
import { Redis } from 'ioredis'
import type { Scenario } from './index.ts'
import type { Bench } from '../bench.ts'
import { percentile } from '../compare.ts'
import { startWorker } from '../worker.ts'
import { fixed } from '../../report/table.ts'

const connected = 1_000
const patienceMs = 120_000

export const playlist: Scenario = {
  title: 'One content added to a playlist with very many subscribers',
  async run(bench) {
    const subscribers = bench.isQuick ? 10_000 : 100_000
    const rows: string[][] = []
    for (let round = 0; round < bench.rounds; round++) rows.push(await once(bench, subscribers))
    return {
      columns: [
        'subscribers',
        'connected',
        'stored s',
        'pushed s',
        'follow p50 ms',
        'max ms',
        'rating p50 ms',
        'max ms',
      ],
      rows,
    }
  },
}

async function once(bench: Bench, subscribers: number): Promise<string[]> {
  const surroundings = await bench.freshSystem()
  const postgres = openPostgres({
    url: surroundings.databaseUrl,
    poolSize: 8,
    application: 'bench',
    log: createLog('bench', 'silent'),
    queryTimeoutMs: 120_000,
  })
  const { db } = postgres
  const redis = new Redis(surroundings.redisUrl)
  const worker = await startWorker(surroundings, bench.logDir)
  try {
    const population = await populate(db, redis, subscribers)
    const { playlistId, ownerId, contentId, listening } = population
    // The first ones wait for the groups to be joined.
    await effectOf(db, aFollowing(population))
    await effectOf(db, aReview(contentId))

    const startedAt = performance.now()
    const added = newEvent('playlist.content-added', playlistId, { playlistId, ownerId, contentId }, 'bench')
    await ring(db, added)
    const done = new AbortController()
    const others = [
      latencies(done.signal, () => effectOf(db, aFollowing(population))),
      latencies(done.signal, () => effectOf(db, aReview(contentId))),
    ]
    const secondsUntil = async (isSo: () => Promise<boolean>) => {
      while (!(await isSo())) {
        if (performance.now() - startedAt > patienceMs) throw new Error('not all were told in two minutes')
        await delay(50)
      }
      return (performance.now() - startedAt) / 1_000
    }
    const [stored, pushed] = await Promise.all([
      secondsUntil(async () => (await toldOf(db, added.eventId)) === subscribers),
      secondsUntil(() => allPushed(redis, listening)),
    ])
    done.abort()
    const [follow = [], rating = []] = await Promise.all(others)
    return [
      String(subscribers),
      String(listening.length),
      fixed(stored, 1),
      fixed(pushed, 1),
      ...[follow, rating].flatMap((values) => [fixed(percentile(values, 0.5), 0), fixed(percentile(values, 1), 0)]),
    ]
  } finally {
    await worker.stop()
    redis.disconnect()
    await postgres.close()
  }
}

type Population = { playlistId: string; ownerId: string; contentId: string; fanId: string; listening: string[] }

async function populate(db: Db, redis: Redis, subscribers: number): Promise<Population> {
  const [ownerId, fanId, contentId, playlistId] = [newId(), newId(), newId(), newId()]
  await db.insert(users).values([
    { id: ownerId, email: 'owner@example.com', name: '철수' },
    { id: fanId, email: 'fan@example.com', name: '영희' },
  ])
  await db.insert(contents).values({ id: contentId, type: 'movie', title: '기생충', description: '' })
  await db.insert(playlists).values({ id: playlistId, ownerId, title: '주말', description: '' })
  await db.insert(follows).values({ id: newId(), followerId: fanId, followeeId: ownerId })
  await db.execute(sql`
    with fans as (
      insert into users (id, email, name) select gen_random_uuid(), 'fan' || n || '@example.com', '팬' || n
      from generate_series(1, ${sql.raw(String(subscribers))}) as n returning id
    )
    insert into playlist_subscriptions (playlist_id, subscriber_id) select ${playlistId}, id from fans`)
  await db.execute(sql`analyze`)
  const { rows } = await db.execute<{ id: string }>(
    sql`select subscriber_id as id from playlist_subscriptions order by random() limit ${connected}`,
  )
  const listening = rows.map(({ id }) => id)
  for (const id of listening) await redis.xadd(redisKeys.eventStream(id), '*', 'event', 'connected', 'data', '{}')
  return { playlistId, ownerId, contentId, fanId, listening }
}

function aFollowing({ fanId, ownerId }: Population): MoplEvent {
  return newEvent('follow.created', ownerId, { followId: newId(), followerId: fanId, followeeId: ownerId }, 'bench')
}

function aReview(contentId: string): MoplEvent {
  const payload = { reviewId: newId(), contentId, authorId: newId(), rating: 4 }
  return newEvent('review.created', contentId, payload, 'bench')
}

/** Resolves when the event, written as the api does, has had its effect. */
async function effectOf(db: Db, event: MoplEvent): Promise<void> {
  await ring(db, event)
  const table = event.type === 'follow.created' ? notifications : processedEvents
  while ((await db.$count(table, eq(table.eventId, event.eventId))) === 0) await delay(2)
}

async function ring(db: Db, event: MoplEvent): Promise<void> {
  await emit(db, event)
  await db.execute(sql`select pg_notify(${outboxChannel}, '')`)
}

/** In milliseconds, one after the other until `signal` aborts. */
async function latencies(signal: AbortSignal, happen: () => Promise<void>): Promise<number[]> {
  const values: number[] = []
  while (!signal.aborted) {
    const startedAt = performance.now()
    await happen()
    values.push(performance.now() - startedAt)
    await delay(50)
  }
  return values
}

async function toldOf(db: Db, eventId: string): Promise<number> {
  const [row] = await db.select({ told: count() }).from(notifications).where(eq(notifications.eventId, eventId))
  return row?.told ?? 0
}

async function allPushed(redis: Redis, listening: readonly string[]): Promise<boolean> {
  const pipeline = redis.pipeline()
  for (const id of listening) pipeline.xlen(redisKeys.eventStream(id))
  return ((await pipeline.exec()) ?? []).every(([, length]) => length === 2)
}
