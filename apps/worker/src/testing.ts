/** Test equipment: a worker with a database, topics and groups of its own, and rows to work on. */
import { type MoplEvent, topicOf } from '@mopl/contracts/events'
import { newId } from '@mopl/infrastructure/ids'
import { createLog } from '@mopl/infrastructure/log'
import { newEvent } from '@mopl/infrastructure/events'
import { emit, outboxChannel } from '@mopl/infrastructure/outbox'
import { type Db, openPostgres } from '@mopl/infrastructure/postgres'
import {
  contents,
  conversationParticipants,
  conversations,
  follows,
  notifications,
  playlists,
  playlistSubscriptions,
  users,
} from '@mopl/infrastructure/tables'
import { createTestDatabase, eventually, startApp, type TestApp, testEnv } from '@mopl/infrastructure/testing'
import { type KafkaProbe, startKafkaProbe } from '@mopl/infrastructure/testing-kafka'
import { eq, sql } from 'drizzle-orm'
import { Redis } from 'ioredis'

export type TestSystem = {
  db: Db
  databaseUrl: string
  probe: KafkaProbe
  redis: Redis
  /** The variables of a process that belongs to this system. */
  environment: Record<string, string>
  /** Starts a worker of this system; `env` replaces variables. */
  startWorker(env?: Record<string, string>): Promise<TestApp>
  /** Stops every worker that is still there. */
  stopWorkers(): Promise<void>
  close(): Promise<void>
}

/** A database and a Kafka prefix of its own, so that nothing of other tests comes in. */
export async function createTestSystem(): Promise<TestSystem> {
  const database = await createTestDatabase()
  const prefix = `t${newId().slice(-12)}.`
  const postgres = openPostgres({
    url: database.url,
    poolSize: 8,
    application: 'worker-test',
    log: createLog('worker-test', 'silent'),
  })
  // What this probe has sent is in the models of what must be true: on a busy machine it waits rather than not know.
  const probe = await startKafkaProbe({ topicPrefix: prefix, deliveryTimeoutMs: 60_000 })
  const redis = new Redis(testEnv('REDIS_URL'))
  const environment = {
    DATABASE_URL: database.url,
    REDIS_URL: testEnv('REDIS_URL'),
    KAFKA_BROKERS: testEnv('KAFKA_BROKERS'),
    KAFKA_TOPIC_PREFIX: prefix,
    KAFKA_GROUP_PREFIX: prefix,
  }
  let workers: TestApp[] = []
  async function stopWorkers(): Promise<void> {
    await Promise.all(workers.map((worker) => worker.close()))
    workers = []
  }
  return {
    stopWorkers,
    db: postgres.db,
    databaseUrl: database.url,
    probe,
    redis,
    environment,
    startWorker: async (env = {}) => {
      const worker = await startApp('worker', { ...environment, ...env })
      workers.push(worker)
      return worker
    },
    close: async () => {
      await stopWorkers()
      await probe.close()
      redis.disconnect()
      await postgres.close()
      await database.close()
    },
  }
}

/** The event as the api writes it: into the outbox, and the relay is told. */
export async function emitted<E extends MoplEvent>(db: Db, event: E): Promise<E> {
  await emit(db, event)
  await db.execute(sql`select pg_notify(${outboxChannel}, '')`)
  return event
}

/** The event straight into its topic, as the socket does it, or as a second delivery. */
export async function produced<E extends MoplEvent>(probe: KafkaProbe, event: E): Promise<E> {
  await probe.produce({ topic: topicOf(event.type), key: event.key, value: JSON.stringify(event) })
  return event
}

export async function aUser(db: Db, name = '홍길동'): Promise<string> {
  const id = newId()
  await db.insert(users).values({ id, email: `${id}@example.com`, name })
  return id
}

export async function aContent(db: Db, title = '기생충'): Promise<string> {
  const id = newId()
  await db.insert(contents).values({ id, type: 'movie', title, description: '' })
  return id
}

export async function aFollow(db: Db, followerId: string, followeeId: string): Promise<string> {
  const id = newId()
  await db.insert(follows).values({ id, followerId, followeeId })
  return id
}

export async function aPlaylist(db: Db, ownerId: string, subscriberIds: readonly string[]): Promise<string> {
  const id = newId()
  await db.insert(playlists).values({ id, ownerId, title: '주말', description: '' })
  if (subscriberIds.length > 0)
    await db
      .insert(playlistSubscriptions)
      .values(subscriberIds.map((subscriberId) => ({ playlistId: id, subscriberId })))
  return id
}

/** A conversation, and who will write to whom in it. */
export async function aConversation(db: Db, senderId: string, receiverId: string) {
  const [conversationId, createdAt] = [newId(), new Date()]
  const [lowerUserId, higherUserId] = [senderId, receiverId].toSorted() as [string, string]
  await db.insert(conversations).values({ id: conversationId, lowerUserId, higherUserId })
  for (const userId of [senderId, receiverId])
    await db.insert(conversationParticipants).values({ conversationId, userId, createdAt })
  return { conversationId, senderId, receiverId }
}

/** Waits until the groups are joined, which takes seconds; all of a worker's do so at the same time. */
export async function untilJoined(db: Db): Promise<void> {
  const contentId = await aContent(db)
  await emitted(db, aReview(contentId, 1))
  await eventually('the first review counted', async () => (await ratingOf(db, contentId)).count === 1, 20_000)
}

export function aReview(contentId: string, rating: number, requestId = 'r') {
  const payload = { reviewId: newId(), contentId, authorId: newId(), rating }
  return newEvent('review.created', contentId, payload, requestId)
}

export async function ratingOf(db: Db, contentId: string): Promise<{ count: number; sum: number; average: number }> {
  const { rows } = await db.execute<{ count: number; sum: number; average: number }>(sql`
    select review_count as count, rating_sum::float8 as sum, average_rating as average from contents where id = ${contentId}`)
  const [row] = rows
  if (row === undefined) throw new Error(`no content ${contentId}`)
  return row
}

/** The first there is; waits for it. */
export function notificationOf(db: Db, receiverId: string) {
  return eventually(`a notification of ${receiverId}`, async () => {
    const [row] = await db.select().from(notifications).where(eq(notifications.receiverId, receiverId))
    return row
  })
}

/** The value of a counter or gauge in a scrape; `undefined` when it is not there. `labels` as `name="value"` pairs. */
export async function metricOf(worker: TestApp, name: string, ...labels: string[]): Promise<number | undefined> {
  const text = await (await fetch(`${worker.url}/actuator/prometheus`)).text()
  const line = text.split('\n').find((line) => line.startsWith(name) && labels.every((label) => line.includes(label)))
  return line === undefined ? undefined : Number(line.split(' ').at(-1))
}

/** A generator of numbers in [0, 1) that gives the same ones every time (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
