import { afterAll, expect, test } from 'bun:test'
import { newEvent } from '@mopl/infrastructure/events'
import { newId } from '@mopl/infrastructure/ids'
import { eventually } from '@mopl/infrastructure/testing'
import { sql } from 'drizzle-orm'
import { aContent, aUser, createTestSystem, produced, untilJoined } from '../testing.ts'

const system = await createTestSystem()
const { db, probe } = system
await system.startWorker()
afterAll(() => system.close())
await untilJoined(db)

test('the last count wins; the session is a row that starts and ends', async () => {
  const [contentId, watcherId] = [await aContent(db), await aUser(db)]
  const session = { watchingSessionId: newId(), contentId, watcherId, startedAt: new Date().toISOString() }
  const started = newEvent('watching-session.started', contentId, { ...session, watcherCount: 7 }, 'r')
  await produced(probe, started)
  const countOf = async () => {
    const { rows } = await db.execute<{ n: number }>(
      sql`select watcher_count as n from contents where id = ${contentId}`,
    )
    return rows[0]?.n
  }
  await eventually('the first count', async () => (await countOf()) === 7)
  const ended = newEvent('watching-session.ended', contentId, { ...session, watcherCount: 6 }, 'r')
  await produced(probe, ended)
  await eventually('the second count', async () => (await countOf()) === 6)
  const { rows } = await db.execute<{ ended: string }>(sql`
    select ended_at = ${ended.occurredAt} as ended from watching_sessions where id = ${session.watchingSessionId}`)
  expect(rows).toEqual([{ ended: true }] as never)
})

test('the latest count wins, in whatever order the instances of the socket publish', async () => {
  const [contentId, watcherId] = [await aContent(db), await aUser(db)]
  const startedAt = new Date().toISOString()
  const started = (watcherCount: number, revision?: number) => {
    const session = { watchingSessionId: newId(), contentId, watcherId, startedAt, watcherCount }
    return newEvent('watching-session.started', contentId, revision ? { ...session, revision } : session, 'r')
  }
  // One instance's event comes late, in a batch of its own and beside another.
  const state = async () => {
    const { rows } = await db.execute<{ count: number; sessions: number }>(sql`
      select watcher_count as count, (select count(*)::integer from watching_sessions where content_id = contents.id) as sessions
      from contents where id = ${contentId}`)
    return rows[0]
  }
  const become = async (count: number, sessions: number) =>
    eventually('the state', async () => Bun.deepEquals(await state(), { count, sessions }))
  await produced(probe, started(3, 1_000_003))
  await become(3, 1)
  await produced(probe, started(1, 1_000_001))
  await become(3, 2)
  await produced(probe, started(5, 1_000_005))
  await produced(probe, started(4, 1_000_004))
  await become(5, 4)
  // An instance of the version before says none.
  await produced(probe, started(7))
  await become(7, 5)
})
