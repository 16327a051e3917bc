import { afterAll, afterEach, expect, test } from 'bun:test'
import { redisKeys } from '@mopl/contracts/redis-keys'
import { deadLetterTopic, topics } from '@mopl/contracts/topics'
import { newEvent } from '@mopl/infrastructure/events'
import { eventually, freePort, testEnv } from '@mopl/infrastructure/testing'
import { openDoor } from '@mopl/infrastructure/testing-door'
import { openKafkaDoor } from '@mopl/infrastructure/testing-kafka-door'
import { sql } from 'drizzle-orm'
import { aContent, aFollow, aReview, aUser, createTestSystem, emitted, metricOf, ratingOf } from './testing.ts'

const system = await createTestSystem()
const { db, databaseUrl, redis } = system
const dead = await system.probe.consume([deadLetterTopic(topics.review, 'mopl-ratings')])
afterEach(() => system.stopWorkers())
afterAll(() => system.close())

const relayFailures = 'mopl_outbox_relay_failures_total'

/** Contents, and beside them what a recount of their reviews says. */
async function someContents(number: number) {
  const model = new Map<string, { count: number; sum: number }>()
  for (let index = 0; index < number; index++) model.set(await aContent(db), { count: 0, sum: 0 })
  const ids = [...model.keys()]
  let written = 0
  return {
    async write(reviews: number): Promise<void> {
      for (let index = 0; index < reviews; index++) {
        const [id = '', rating] = [ids[written % ids.length], (written % 11) / 2]
        await emitted(db, aReview(id, rating))
        const { count, sum } = model.get(id) ?? { count: 0, sum: 0 }
        model.set(id, { count: count + 1, sum: sum + rating })
        written += 1
      }
    },
    async counted(): Promise<number> {
      const { rows } = await db.execute<{ n: number }>(
        sql`select sum(review_count)::int as n from contents where id = any(${sql.param(ids)}::uuid[])`,
      )
      return rows[0]?.n ?? 0
    },
    async waiting(): Promise<number> {
      return written - (await this.counted())
    },
    /** Nothing missing and, waited for after the last one, nothing twice. */
    async agreesWithRecount(timeoutMs: number): Promise<void> {
      await eventually('all counted', async () => (await this.counted()) >= written, timeoutMs)
      for (const [id, expected] of model) expect(await ratingOf(db, id)).toMatchObject(expected)
    },
  }
}

test('a worker killed again and again while events flow loses nothing and counts nothing twice', async () => {
  const contents = await someContents(10)
  const enough = new AbortController()
  const flow = (async () => {
    while (!enough.signal.aborted) {
      await contents.write(50)
      // A bounded backlog: the mock cluster forgets the oldest messages of a partition beyond 5 MB.
      await eventually('a short backlog', async () => (await contents.waiting()) < 1_000, 60_000)
    }
  })()
  for (const untilCounted of [137, 1_051]) {
    const worker = await system.startWorker()
    await eventually(`${untilCounted} counted`, async () => (await contents.counted()) >= untilCounted, 30_000)
    worker.kill('SIGKILL')
    expect(await worker.exited).toBe('SIGKILL')
  }
  await system.startWorker()
  enough.abort()
  await flow
  await contents.agreesWithRecount(30_000)
  expect(dead.messages).toEqual([])
}, 100_000)

test('while PostgreSQL is frozen or away the worker waits, dead-letters nothing, and catches up', async () => {
  const { hostname, port, pathname } = new URL(databaseUrl)
  const door = await openDoor(hostname, Number(port))
  const worker = await system.startWorker({ DATABASE_URL: `postgres://postgres@127.0.0.1:${door.port}${pathname}` })
  const waits = async () => (await metricOf(worker, 'mopl_worker_dependency_waits_total', 'mopl-ratings')) ?? 0
  const contents = await someContents(3)
  await contents.write(20)
  await contents.agreesWithRecount(30_000)

  door.freeze()
  await contents.write(30)
  // This one straight into Kafka: the relay is behind the same door.
  const contentId = await aContent(db)
  const review = aReview(contentId, 4)
  await system.probe.produce({ topic: topics.review, key: contentId, value: JSON.stringify(review) })
  await eventually('not ready', async () => (await fetch(`${worker.url}/actuator/health/readiness`)).status === 503)
  expect((await fetch(`${worker.url}/actuator/health/liveness`)).status).toBe(200)
  await eventually('a wait', async () => (await waits()) > 0, 20_000)
  await door.shut()
  const before = await waits()
  await eventually('another wait', async () => (await waits()) > before, 20_000)

  await door.open()
  await eventually('the one in hand counted', async () => (await ratingOf(db, contentId)).count === 1, 20_000)
  await contents.agreesWithRecount(30_000)
  expect(dead.messages).toEqual([])
  await system.stopWorkers()
  await door.shut()
}, 120_000)

test('while Redis is away a notification is stored and its push waits; ratings go on', async () => {
  const { hostname, port } = new URL(testEnv('REDIS_URL'))
  const door = await openDoor(hostname, Number(port))
  const worker = await system.startWorker({ REDIS_URL: `redis://127.0.0.1:${door.port}` })
  const [followerId, followeeId, contents] = [await aUser(db), await aUser(db), await someContents(1)]
  const stream = redisKeys.eventStream(followeeId)
  await redis.xadd(stream, '*', 'event', 'connected', 'data', '{}')
  const waits = async () => (await metricOf(worker, 'mopl_worker_dependency_waits_total', 'mopl-notifications')) ?? 0

  await door.shut()
  const followId = await aFollow(db, followerId, followeeId)
  await emitted(db, newEvent('follow.created', followeeId, { followId, followerId, followeeId }, 'r'))
  await contents.write(10)
  await contents.agreesWithRecount(30_000)
  await eventually('a wait', async () => (await waits()) > 1, 20_000)
  expect((await fetch(`${worker.url}/actuator/health/readiness`)).status).toBe(503)

  await door.open()
  await eventually('ready', async () => (await fetch(`${worker.url}/actuator/health/readiness`)).ok)
  await eventually('the push', async () => (await redis.xlen(stream)) === 2)
  await redis.del(stream)
  await system.stopWorkers()
  await door.shut()
}, 60_000)

test('a worker that starts before Kafka is up, but not ready; it heals, and what waited in the outbox is published', async () => {
  const [host = '', kafkaPort] = testEnv('KAFKA_BROKERS').split(',')[0]?.split(':') ?? []
  const door = await openDoor(host, Number(kafkaPort))
  await door.shut()
  const port = await freePort()
  const starting = system.startWorker({ KAFKA_BROKERS: `127.0.0.1:${door.port}`, PORT: String(port) })
  const health = async (probe: string) => (await fetch(`http://127.0.0.1:${port}/actuator/health/${probe}`)).status
  await eventually('alive', async () => (await health('liveness')) === 200)
  expect(await health('readiness')).toBe(503)
  const contents = await someContents(1)
  await contents.write(3)
  await door.open()
  await starting
  await contents.agreesWithRecount(20_000)
  await system.stopWorkers()
  await door.shut()
}, 60_000)

test('SIGTERM while PostgreSQL is frozen still ends the worker in time, with exit code 0', async () => {
  const { hostname, port, pathname } = new URL(databaseUrl)
  const door = await openDoor(hostname, Number(port))
  const worker = await system.startWorker({ DATABASE_URL: `postgres://postgres@127.0.0.1:${door.port}${pathname}` })
  const contents = await someContents(1)
  await contents.write(1)
  await contents.agreesWithRecount(30_000)
  door.freeze()
  const event = aReview(await aContent(db), 4)
  await system.probe.produce({ topic: topics.review, key: event.key, value: JSON.stringify(event) })
  await eventually('a pass of the relay that waits', async () => worker.output().includes('relay pass failed'), 20_000)
  worker.kill('SIGTERM')
  expect(await worker.exited).toBe(0)
  expect(worker.output()).not.toContain('shutdown took too long')
  await door.shut()
}, 60_000)

test('Kafka going away while the worker runs: it stays up, what happens meanwhile waits, and then has its effect once', async () => {
  const door = await openKafkaDoor(testEnv('KAFKA_BROKERS'))
  const worker = await system.startWorker({ KAFKA_BROKERS: door.brokers })
  const health = async (probe: string) => (await fetch(`${worker.url}/actuator/health/${probe}`)).status
  const contents = await someContents(4)
  await contents.write(40)
  await contents.agreesWithRecount(30_000)

  for (const goAway of [async () => door.freeze(), () => door.shut()]) {
    await goAway()
    await contents.write(40)
    await eventually('not ready', async () => (await health('readiness')) === 503, 20_000)
    expect(await health('liveness')).toBe(200)
    await eventually('a pass that failed', async () => ((await metricOf(worker, relayFailures)) ?? 0) > 0, 20_000)
    expect((await metricOf(worker, 'mopl_outbox_waiting')) ?? 0).toBeGreaterThan(0)
    await door.open()
    await contents.agreesWithRecount(40_000)
    await eventually('ready', async () => (await health('readiness')) === 200, 20_000)
  }
  expect(dead.messages).toEqual([])
  await system.stopWorkers()
  await door.shut()
}, 150_000)

test('while a dead letter cannot be published its message stays where it is, and no worker forgets it', async () => {
  const door = await openKafkaDoor(testEnv('KAFKA_BROKERS'))
  const worker = await system.startWorker({ KAFKA_BROKERS: door.brokers })
  const contents = await someContents(1)
  await contents.write(1)
  await contents.agreesWithRecount(30_000)

  door.refusePublishing()
  await system.probe.produce({ topic: topics.review, key: 'poison', value: 'not an event' })
  await eventually('the batch again', async () => worker.output().includes('it will be handled again'), 30_000)
  expect(dead.messages).toEqual([])
  worker.kill('SIGKILL')
  await worker.exited

  await system.startWorker()
  await eventually('the dead letter', () => dead.messages.some(({ key }) => key === 'poison'), 30_000)
  await contents.write(1)
  await contents.agreesWithRecount(30_000)
  await door.shut()
}, 120_000)
