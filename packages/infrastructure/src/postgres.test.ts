import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq, sql } from 'drizzle-orm'
import { newId } from './ids.ts'
import { createLog } from './log.ts'
import { brokenConstraint, isPostgresUnavailable, openPostgres, type Postgres, sqlState } from './postgres.ts'
import { tags } from './tables.ts'
import { openDoor } from './testing-door.ts'
import { createTestDatabase, failureOf, type TestDatabase } from './testing.ts'

const log = createLog('postgres-test', 'silent')
let database: TestDatabase
let postgres: Postgres
const open = (url: string, queryTimeoutMs = 5_000) =>
  openPostgres({ url, poolSize: 2, application: 'test', log, queryTimeoutMs })

beforeAll(async () => {
  database = await createTestDatabase()
  postgres = open(database.url)
})
afterAll(async () => {
  await postgres.close()
  await database.close()
})

describe('a database that is away', () => {
  test('is told from a wrong statement when nobody listens', async () => {
    const away = open('postgres://x@127.0.0.1:1/x')
    const startedAt = performance.now()
    const failure = await failureOf(away.ping())
    expect(isPostgresUnavailable(failure)).toBe(true)
    expect(performance.now() - startedAt).toBeLessThan(2_500)
    await away.close()
  })

  test('is told when it ends our session in the middle of a statement', async () => {
    const failing = failureOf(postgres.db.execute(sql`select pg_terminate_backend(pg_backend_pid())`))
    expect(isPostgresUnavailable(await failing)).toBe(true)
    expect(await failureOf(postgres.ping())).toBeUndefined()
  })

  test('is told when it takes longer than the deadline', async () => {
    const impatient = open(database.url, 200)
    const failure = await failureOf(impatient.db.execute(sql`select pg_sleep(5)`))
    expect(isPostgresUnavailable(failure)).toBe(true)
    await impatient.close()
  })
})

describe('a statement that is wrong', () => {
  test('names the constraint it broke', async () => {
    const tag = { id: newId(), name: newId() }
    await postgres.db.insert(tags).values(tag)
    const failure = await failureOf(postgres.db.insert(tags).values({ ...tag, id: newId() }))
    expect(brokenConstraint(failure)).toBe('uq_tags_name')
    expect(sqlState(failure)).toBe('23505')
    expect(isPostgresUnavailable(failure)).toBe(false)
  })

  test('keeps its SQLSTATE through the wrapper: a malformed id is 22P02, a NUL byte 22021', async () => {
    const byId = failureOf(postgres.db.select().from(tags).where(eq(tags.id, 'x')))
    expect(sqlState(await byId)).toBe('22P02')
    const byName = failureOf(postgres.db.select().from(tags).where(eq(tags.name, '\0')))
    expect(sqlState(await byName)).toBe('22021')
  })

  test('errors that have nothing to do with the database have no SQLSTATE', () => {
    expect(sqlState(new Error('x'))).toBeUndefined()
    expect(brokenConstraint('x')).toBeUndefined()
    expect(isPostgresUnavailable(new TypeError('x is not a function'))).toBe(false)
  })
})

test('a transaction that fails leaves nothing', async () => {
  const id = newId()
  const failure = await failureOf(
    postgres.db.transaction(async (tx) => {
      await tx.insert(tags).values({ id, name: id })
      throw new Error('changed my mind')
    }),
  )
  expect(String(failure)).toContain('changed my mind')
  expect(await postgres.db.$count(tags, eq(tags.id, id))).toBe(0)
})

describe('a database that is frozen', () => {
  async function frozen(queryTimeoutMs = 200) {
    const { hostname, port, username, pathname } = new URL(database.url)
    const door = await openDoor(hostname, Number(port))
    const away = open(`postgres://${username}@127.0.0.1:${door.port}${pathname}`, queryTimeoutMs)
    await away.ping()
    return { away, door }
  }

  test('does not keep an idle connection from closing', async () => {
    const { away, door } = await frozen()
    door.freeze()
    const startedAt = performance.now()
    await away.close()
    expect(performance.now() - startedAt).toBeLessThan(1_500)
    await door.shut()
  })

  test('fails what waits for it as soon as it is abandoned, as if it had gone away', async () => {
    const { away, door } = await frozen(5_000)
    const waiting = Promise.withResolvers<void>()
    const inHand = failureOf(
      away.db.transaction(async (tx) => {
        door.freeze()
        const answer = tx.execute(sql`select 1`)
        waiting.resolve()
        await answer
      }),
    )
    await waiting.promise
    const startedAt = performance.now()
    away.abandon()
    expect(isPostgresUnavailable(await inHand)).toBe(true)
    await away.close()
    expect(performance.now() - startedAt).toBeLessThan(1_500)
    await door.shut()
  })

  test('costs the pool no connection, however many transactions fail on it', async () => {
    const { away, door } = await frozen()
    // More than the pool has.
    for (let attempt = 0; attempt < 4; attempt++) {
      await away.ping()
      door.freeze()
      const failure = await failureOf(away.db.transaction((tx) => tx.execute(sql`select 1`)))
      expect(isPostgresUnavailable(failure)).toBe(true)
      await door.open()
    }
    const rows = away.db.transaction((tx) => tx.execute(sql`select 1 as one`))
    expect((await rows).rows).toEqual([{ one: 1 }])
    await away.close()
    await door.shut()
  })

  test('is told by the statement that missed its deadline, which is waited for once', async () => {
    const { away, door } = await frozen()
    const startedAt = performance.now()
    const failure = await failureOf(
      away.db.transaction(async (tx) => {
        door.freeze()
        await tx.execute(sql`select 'in hand'`)
      }),
    )
    expect(String(failure)).toContain('in hand')
    expect(isPostgresUnavailable(failure)).toBe(true)
    expect(performance.now() - startedAt).toBeLessThan(1_100)
    await away.close()
    await door.shut()
  })
})
