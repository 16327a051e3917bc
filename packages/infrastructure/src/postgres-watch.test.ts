import { afterAll, describe, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { createLog } from './log.ts'
import { isPostgresUnavailable, openPostgres } from './postgres.ts'
import { watchPostgres } from './postgres-watch.ts'
import { openDoor } from './testing-door.ts'
import { createTestDatabase, failureOf } from './testing.ts'

const log = createLog('postgres-watch-test', 'silent')
const database = await createTestDatabase()
const { hostname, port, username, pathname } = new URL(database.url)
const door = await openDoor(hostname, Number(port))
const url = `postgres://${username}@127.0.0.1:${door.port}${pathname}`
const postgres = openPostgres({ url, poolSize: 2, application: 'watch-test', log })
const watch = watchPostgres(postgres, { url, log })
afterAll(async () => {
  await watch.close()
  await postgres.close()
  await door.shut()
  await database.close()
})
const { db } = postgres

describe('on an open connection to a database that is frozen', () => {
  const attempts: [string, () => Promise<unknown>][] = [
    ['a statement', () => Promise.resolve(db.execute(sql`select 1`))],
    ['a transaction', () => db.transaction((tx) => tx.execute(sql`select 1`))],
  ]
  // The deadline of a statement is 5.5 s.
  test.each(attempts)('%s fails as unavailable within 2 s or little more, and so does the next', async (_, attempt) => {
    await postgres.ping()
    door.freeze()
    for (const _again of ['on the open connection', 'on a new one']) {
      const startedAt = performance.now()
      const failure = await failureOf(attempt())
      expect(isPostgresUnavailable(failure)).toBe(true)
      expect(String((failure as Error).cause ?? failure)).not.toContain('Query read timeout')
      expect(performance.now() - startedAt).toBeLessThan(3_000)
    }
    await door.open()
    await postgres.ping()
  })
})

test('what takes long on a database that answers is left alone', async () => {
  const slow = db.execute<{ done: boolean }>(sql`select pg_sleep(2.5) is not null as done`)
  expect((await slow).rows).toEqual([{ done: true }])
})
