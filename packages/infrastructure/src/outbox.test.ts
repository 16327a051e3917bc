import { parseEvent } from '@mopl/contracts/events'
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { eq, sql } from 'drizzle-orm'
import pg from 'pg'
import { newId } from './ids.ts'
import { createLog } from './log.ts'
import { emit, newEvent, outboxBell, outboxChannel } from './outbox.ts'
import { openPostgres, type Postgres } from './postgres.ts'
import { outboxEvents } from './tables.ts'
import { createTestDatabase, eventually, failureOf, type TestDatabase } from './testing.ts'

let database: TestDatabase
let postgres: Postgres
beforeAll(async () => {
  database = await createTestDatabase()
  const log = createLog('outbox-test', 'silent')
  postgres = openPostgres({ url: database.url, poolSize: 4, application: 'test', log })
})
afterAll(async () => {
  await postgres.close()
  await database.close()
})

const anEvent = () => {
  const userId = newId()
  return newEvent('user.locked', userId, { userId, locked: true }, 'request-1')
}

test('an event is kept with the names that Debezium’s router expects, and its payload is what Kafka will carry', async () => {
  const event = anEvent()
  await emit(postgres.db, event)
  const { rows } = await postgres.db.execute<Record<string, string>>(
    sql`select id, aggregatetype, aggregateid, type, payload::text as payload from outbox_events where id = ${event.eventId}`,
  )
  expect(rows).toMatchObject([
    { id: event.eventId, aggregatetype: 'user', aggregateid: event.key, type: 'user.locked' },
  ])
  expect(parseEvent(rows[0]?.['payload'] ?? '')).toEqual({ known: true, event })
})

test('an event goes with the change that it tells: rolled back, it never was', async () => {
  const event = anEvent()
  await failureOf(
    postgres.db.transaction(async (tx) => {
      await emit(tx, event)
      throw new Error('rolled back')
    }),
  )
  expect(await postgres.db.$count(outboxEvents, eq(outboxEvents.id, event.eventId))).toBe(0)
})

test('events of one subject are in one lane, in the order in which they were written', async () => {
  const key = newId()
  for (const locked of [true, false, true])
    await emit(postgres.db, newEvent('user.locked', key, { userId: key, locked }, 'request-1'))
  const rows = await postgres.db.query.outboxEvents.findMany({
    where: eq(outboxEvents.aggregateid, key),
    orderBy: outboxEvents.position,
  })
  expect(new Set(rows.map((row) => row.lane)).size).toBe(1)
  expect(rows.map((row) => (row.payload as { payload: { locked: boolean } }).payload.locked)).toEqual([
    true,
    false,
    true,
  ])
})

test('the bell rings once for many calls, and again later', async () => {
  const listener = new pg.Client({ connectionString: database.url })
  await listener.connect()
  let rings = 0
  listener.on('notification', () => void (rings += 1))
  await listener.query(`listen ${outboxChannel}`)
  const ring = outboxBell(postgres.db)
  for (let call = 0; call < 50; call += 1) ring()
  await eventually('the first ring', () => rings === 1)
  ring()
  await eventually('the second ring', () => rings === 2)
  await listener.end()
})
