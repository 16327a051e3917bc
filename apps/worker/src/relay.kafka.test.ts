import { afterAll, expect, test } from 'bun:test'
import { topics } from '@mopl/contracts/topics'
import { newId } from '@mopl/infrastructure/ids'
import { emit } from '@mopl/infrastructure/outbox'
import { eventually } from '@mopl/infrastructure/testing'
import type { ProbeMessage } from '@mopl/infrastructure/testing-kafka'
import { sql } from 'drizzle-orm'
import { laneCount, takeLanes } from './outbox.ts'
import { aReview, createTestSystem, metricOf, seeded } from './testing.ts'

const system = await createTestSystem()
const { db, probe } = system
const reader = await probe.consume([topics.review])
const relays = await Promise.all([system.startWorker(), system.startWorker()])
afterAll(() => system.close())

const idsOf = (messages: readonly ProbeMessage[]) => messages.map(({ headers }) => headers['eventId'] ?? '')

test('two relays publish each of 2,000 events, and those of one key in the order they were made', async () => {
  const random = seeded(20261125)
  const keys = Array.from({ length: 40 }, () => newId())
  const made = new Map(keys.map((key) => [key, [] as string[]]))

  // Eight writers, each with keys of its own, so that the order per key is known; transactions of 1 to 5 events.
  async function write(own: readonly string[]): Promise<void> {
    for (let written = 0; written < 250;) {
      const events = Array.from({ length: Math.min(1 + Math.floor(random() * 5), 250 - written) }, () =>
        aReview(own[Math.floor(random() * own.length)] ?? '', 1),
      )
      await db.transaction(async (tx) => {
        for (const event of events) await emit(tx, event)
        if (random() < 0.2) await tx.execute(sql`select pg_sleep(${random() * 0.02})`)
      })
      for (const event of events) made.get(event.key)?.push(event.eventId)
      written += events.length
    }
  }
  await Promise.all(Array.from({ length: 8 }, (_, index) => write(keys.slice(index * 5, index * 5 + 5))))

  await eventually('all in Kafka', () => new Set(idsOf(reader.messages)).size === 2_000, 30_000)
  for (const [key, ids] of made) expect(idsOf(reader.messages.filter((message) => message.key === key))).toEqual(ids)
  async function published(): Promise<number> {
    const counts = await Promise.all(relays.map((relay) => metricOf(relay, 'mopl_outbox_published_total')))
    return counts.reduce<number>((sum, count) => sum + (count ?? 0), 0)
  }
  // They are counted after the commit, which is after they can be read.
  await eventually('all counted', async () => (await published()) >= 2_000)
  expect(await published()).toBe(2_000)
}, 60_000)

test('the record is the outbox row: key, unchanged payload, event id, type and request id in headers', async () => {
  const event = aReview(newId(), 3.5, `request-${newId()}`)
  await emit(db, event)
  const record = await eventually('it in Kafka', () => reader.messages.find(({ key }) => key === event.key))
  expect(record.value).toBe(JSON.stringify(event))
  expect(record.headers).toEqual({ eventId: event.eventId, type: 'review.created', requestId: event.requestId })
})

test('a transaction that commits after later ones were published is not skipped', async () => {
  const [late, early] = [aReview(newId(), 1), aReview(newId(), 2)]
  await db.transaction(async (tx) => {
    await emit(tx, late)
    await emit(db, early)
    await eventually('the later one', () => idsOf(reader.messages).includes(early.eventId))
    expect(idsOf(reader.messages)).not.toContain(late.eventId)
  })
  await eventually('the late one', () => idsOf(reader.messages).includes(late.eventId))
})

test('lanes whose holder went silent are passed on after 10 s', async () => {
  const events = Array.from({ length: 64 }, () => aReview(newId(), 1))
  const allPublished = () => events.every(({ eventId }) => idsOf(reader.messages).includes(eventId))
  const held = new Set<number>()
  const silent = db.transaction(async (tx) => {
    await eventually('all lanes taken', async () => {
      for (const lane of await takeLanes(tx, laneCount)) held.add(lane)
      return held.size === laneCount
    })
    for (const event of events) await emit(db, event)
    await eventually('all of them', allPublished, 20_000)
  })
  const end = await silent.catch(String)
  expect(allPublished()).toBe(true)
  expect(end).toContain('rollback')
}, 40_000)

test('what is published is marked, so that it can be pruned', async () => {
  await eventually('nothing waiting', async () => (await metricOf(relays[1], 'mopl_outbox_waiting')) === 0)
})
