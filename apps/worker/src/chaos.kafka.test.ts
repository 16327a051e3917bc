/** Whatever happens to workers and their dependencies while events of all kinds flow: afterwards every table is right. */
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { deadLetterTopic, topics } from '@mopl/contracts/topics'
import { eventually, type TestApp, testEnv } from '@mopl/infrastructure/testing'
import { openDoor } from '@mopl/infrastructure/testing-door'
import type { ProbeConsumer } from '@mopl/infrastructure/testing-kafka'
import { openKafkaDoor } from '@mopl/infrastructure/testing-kafka-door'
import { createTestSystem, seeded, type TestSystem } from './testing.ts'
import { createWorld, type World } from './testing-world.ts'

/** `MOPL_SEED` repeats or varies what happens. */
const seed = Number(process.env['MOPL_SEED'] ?? 20261125)

let system: TestSystem
let world: World
let dead: ProbeConsumer
let random: () => number

beforeEach(async () => {
  random = seeded(seed)
  system = await createTestSystem()
  world = await createWorld(system, seeded(seed + 1))
  dead = await system.probe.consume([
    deadLetterTopic(topics.review, 'mopl-ratings'),
    deadLetterTopic(topics.watchingSession, 'mopl-watching'),
    deadLetterTopic(topics.directMessage, 'mopl-direct-messages'),
    ...Object.values(topics).flatMap((topic) =>
      ['mopl-notifications', 'mopl-fan-outs'].map((group) => deadLetterTopic(topic, group)),
    ),
  ])
})
afterEach(async () => {
  await system.close()
  await world.close()
})

const between = (low: number, high: number) => low + Math.floor(random() * (high - low))

/** What may wait at most: the mock cluster forgets the oldest messages of a partition beyond 5 MB. */
const longestBacklog = 1_000
/** How long each dependency is away, once it is missed. */
const outageMs = 20_000

/** Events without a pause, the backlog bounded, until `enough` is called; it resolves when the last one is out. */
function keepLiving(): { made: () => number; enough: () => Promise<void> } {
  const stop = new AbortController()
  let made = 0
  const flow = (async () => {
    while (!stop.signal.aborted) {
      await world.live(20)
      made += 20
      await eventually(
        'a short backlog',
        async () => stop.signal.aborted || (await world.behind()) < longestBacklog,
        120_000,
      )
    }
  })()
  return {
    made: () => made,
    enough: async () => {
      stop.abort()
      await flow
    },
  }
}

test('two workers, killed with -9 or stopped at random moments and replaced: nothing is lost and nothing happens twice', async () => {
  const workers: TestApp[] = await Promise.all([start(), start()])
  function start(): Promise<TestApp> {
    return system.startWorker(world.environment)
  }
  const life = keepLiving()
  for (const signal of ['SIGKILL', 'SIGKILL', 'SIGTERM', 'SIGKILL'] as const) {
    const until = life.made() + between(100, 400)
    await eventually(`${until} events`, () => life.made() >= until, 60_000)
    const [victim] = workers.splice(between(0, workers.length), 1)
    victim?.kill(signal)
    expect(await victim?.exited).toBe(signal === 'SIGTERM' ? 0 : signal)
    workers.push(await start())
  }
  await life.enough()
  await world.agrees(120_000)
  // Everything that is still on its way, a second delivery above all, is before these.
  await world.live(200)
  await world.agrees(30_000)
  expect(dead.messages).toEqual([])
}, 240_000)

test('workers stopped while the groups rebalance, their own joining above all, end cleanly and in time', async () => {
  let staying = await system.startWorker(world.environment)
  for (let round = 0; round < 10; round++) {
    const newcomer = await system.startWorker(world.environment)
    await world.live(10 * between(0, 10))
    const [leaving, other] = random() < 0.7 ? [newcomer, staying] : [staying, newcomer]
    leaving.kill('SIGTERM')
    expect(await leaving.exited).toBe(0)
    expect(leaving.output()).not.toMatch(/rebalance was not answered|shutdown took too long/)
    staying = other
  }
  await world.agrees(120_000)
}, 240_000)

test('Kafka, PostgreSQL and Redis freeze, and are away for 20 s, one after the other under load: nothing is lost and nothing happens twice', async () => {
  const database = new URL(system.databaseUrl)
  const redis = new URL(testEnv('REDIS_URL'))
  const doors = {
    kafka: await openKafkaDoor(testEnv('KAFKA_BROKERS')),
    postgres: await openDoor(database.hostname, Number(database.port)),
    redis: await openDoor(redis.hostname, Number(redis.port)),
  }
  database.port = String(doors.postgres.port)
  const worker = await system.startWorker({
    ...world.environment,
    KAFKA_BROKERS: doors.kafka.brokers,
    DATABASE_URL: database.href,
    REDIS_URL: `redis://127.0.0.1:${doors.redis.port}`,
  })
  const state = async () => {
    const answer = await fetch(`${worker.url}/actuator/health/readiness`)
    return ((await answer.json()) as { components: Record<string, string> }).components
  }
  const life = keepLiving()
  for (const name of ['kafka', 'postgres', 'redis'] as const)
    for (const [way, forMs] of [
      ['freeze', 0],
      ['shut', outageMs],
    ] as const) {
      const until = life.made() + between(40, 160)
      await eventually(`${until} events`, () => life.made() >= until, 60_000)
      await doors[name][way]()
      const goneAt = performance.now()
      await eventually(`${name} missed`, async () => (await state())[name] === 'DOWN', 20_000)
      const more = life.made() + between(20, 60)
      const isEnough = async () => life.made() >= more || (await world.behind()) >= longestBacklog
      await eventually(
        `${more} events, and ${forMs} ms without ${name}`,
        async () => performance.now() - goneAt >= forMs && isEnough(),
        60_000,
      )
      await doors[name].open()
      await eventually(`${name} back`, async () => (await state())[name] === 'UP', 30_000)
    }
  await life.enough()
  await world.agrees(120_000)
  await world.live(200)
  await world.agrees(30_000)
  expect(dead.messages).toEqual([])
  await system.stopWorkers()
  for (const door of Object.values(doors)) await door.shut()
}, 420_000)
