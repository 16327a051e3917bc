import { afterAll, expect, test } from 'bun:test'
import { ttlSeconds } from '@mopl/contracts/redis-keys'
import { createMetrics } from '@mopl/infrastructure/metrics'
import { openRedis, untilRedisReady } from '@mopl/infrastructure/redis'
import { Resources } from '@mopl/infrastructure/resources'
import { failureOf, freePort, testEnv } from '@mopl/infrastructure/testing'
import { openDoor } from '@mopl/infrastructure/testing-door'
import fc from 'fast-check'
import pino from 'pino'
import { createApiMetrics } from '../metrics.ts'
import { createAnswerCache, type Entry } from './answer-cache.ts'

const resources = new Resources()
afterAll(() => resources.close((name) => expect.unreachable(name)))
const log = pino({ level: 'silent' })
const url = testEnv('REDIS_URL')
const { redis } = resources.use('redis', openRedis({ url, name: 'answer-cache-test', log }))
await untilRedisReady(redis)
const metrics = createApiMetrics(createMetrics('api'))
const cache = createAnswerCache({ redis, log, metrics })

const anEntry = (field = 'dto'): Entry => ({ kind: 'content', key: `test:cache:${crypto.randomUUID()}`, field })
const forget = ({ key }: Entry) => redis.del(key)
const never = () => Promise.reject(new Error('asked although the answer is kept'))

async function reads(outcome: string, of = metrics): Promise<number> {
  const { values } = await of.cacheReads.get()
  return values.find(({ labels }) => labels.kind === 'content' && labels.outcome === outcome)?.value ?? 0
}

test('an answer is loaded once, kept as it was sent, and not for longer than said', async () => {
  const entry = anEntry()
  const [hits, misses] = [await reads('hit'), await reads('miss')]
  const answer = { title: '기생충 "?"', tags: [] }
  expect(await cache.json(entry, async () => answer)).toBe(JSON.stringify(answer))
  expect(await cache.json(entry, never)).toBe(JSON.stringify(answer))
  expect([(await reads('hit')) - hits, (await reads('miss')) - misses]).toEqual([1, 1])
  expect(await redis.ttl(entry.key)).toBeWithin(1, ttlSeconds.answers + 1)
})

test('the entries of a subject are kept apart and forgotten together', async () => {
  const one = anEntry('one')
  const two = { ...one, field: 'two' }
  await cache.json(one, async () => 1)
  await cache.json(two, async () => 2)
  expect(await cache.json(one, never)).toBe('1')
  await forget(one)
  expect(await cache.json(two, async () => 3)).toBe('3')
})

test('what was read before a change, and arrives after it was announced, is not kept', async () => {
  const entry = anEntry()
  const old = await cache.json(entry, async () => {
    await forget(entry)
    return 'old'
  })
  expect(old).toBe('"old"')
  expect(await cache.json(entry, async () => 'new')).toBe('"new"')
})

test('nor is it when others have begun to read after the change, or have brought the new answer already', async () => {
  const [entry, other] = [anEntry(), anEntry()]
  await cache.json(entry, async () => {
    await forget(entry)
    await cache.json(entry, async () => 'new')
    return 'old'
  })
  expect(await cache.json(entry, never)).toBe('"new"')

  const [asked, brought] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()]
  let newer: Promise<string> | undefined
  await cache.json(other, async () => {
    await forget(other)
    newer = cache.json(other, () => (asked.resolve(), brought.promise))
    await asked.promise
    return 'old'
  })
  brought.resolve('new')
  await newer
  expect(await cache.json(other, never)).toBe('"new"')
})

test('readers who come while one is reading do not hinder it', async () => {
  const entry = anEntry()
  await cache.json(entry, async () => {
    await failureOf(cache.json(entry, () => Promise.reject(new Error('gone'))))
    return 'kept'
  })
  expect(await cache.json(entry, never)).toBe('"kept"')
})

/**
 * A reader asks, reads the number and brings it, each at a moment of its own; a writer changes the number and announces it
 * later. `which` chooses among the readers under way.
 */
const steps = fc.array(
  fc.record({ act: fc.constantFrom('ask', 'read', 'bring', 'write', 'announce'), which: fc.nat(7) }),
  { maxLength: 60 },
)

type Reader = { value: number | undefined; bring: (value: number) => void; done: Promise<string> }

test('whatever the interleaving, once every change is announced the next reader gets the last one', async () => {
  const scenario = fc.asyncProperty(steps, async (schedule) => {
    const entry = anEntry()
    let stored = 0
    let readers: Reader[] = []

    async function ask(): Promise<void> {
      const [asked, brought] = [Promise.withResolvers<void>(), Promise.withResolvers<number>()]
      const done = cache.json(entry, () => (asked.resolve(), brought.promise))
      readers.push({ value: undefined, bring: brought.resolve, done })
      await Promise.race([asked.promise, done])
    }
    async function finish(reader: Reader): Promise<void> {
      reader.bring(reader.value ?? stored)
      await reader.done
      readers = readers.filter((other) => other !== reader)
    }

    for (const { act, which } of schedule) {
      const reader = readers[which % Math.max(1, readers.length)]
      if (act === 'ask') await ask()
      if (act === 'read' && reader !== undefined) reader.value ??= stored
      if (act === 'bring' && reader !== undefined) await finish(reader)
      if (act === 'write') stored += 1
      if (act === 'announce') await forget(entry)
    }
    await forget(entry)
    for (const reader of readers) await finish(reader)
    expect(await cache.json(entry, async () => stored)).toBe(String(stored))
    await forget(entry)
  })
  await fc.assert(scenario, { numRuns: 300 })
})

test('without Redis answers are loaded at once, and it is counted', async () => {
  const { redis: dead } = resources.use(
    'dead',
    openRedis({ url: `redis://127.0.0.1:${await freePort()}`, name: 'dead', log }),
  )
  const ownMetrics = createApiMetrics(createMetrics('api'))
  const poor = createAnswerCache({ redis: dead, log, metrics: ownMetrics })
  expect(await poor.json(anEntry(), async () => 1)).toBe('1')
  expect(await reads('error', ownMetrics)).toBe(1)
})

test('a Redis that says nothing costs no more than the deadline of a command', async () => {
  const { hostname, port } = new URL(url)
  const door = await openDoor(hostname, Number(port))
  resources.defer('door', () => door.shut())
  const slow = resources.use('slow', openRedis({ url: `redis://127.0.0.1:${door.port}`, name: 'slow', log }))
  await untilRedisReady(slow.redis)
  door.freeze()
  const startedAt = performance.now()
  const frozen = createAnswerCache({ redis: slow.redis, log, metrics })
  expect(await frozen.json(anEntry(), async () => 1)).toBe('1')
  expect(performance.now() - startedAt).toBeLessThan(1_500)
})
