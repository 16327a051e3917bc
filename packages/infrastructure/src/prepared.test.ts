import { afterAll, describe, expect, test } from 'bun:test'
import { DrizzleQueryError, eq, sql } from 'drizzle-orm'
import pino from 'pino'
import { newId } from './ids.ts'
import { isPostgresUnavailable, openPostgres, type Sql, sqlState } from './postgres.ts'
import { prepared } from './prepared.ts'
import { contents, reviews, tags, users } from './tables.ts'
import { createTestDatabase, failureOf } from './testing.ts'

const database = await createTestDatabase()
const log = pino({ level: 'silent' })
const postgres = openPostgres({ url: database.url, poolSize: 1, application: 'prepared-test', log })
afterAll(async () => {
  await postgres.close()
  await database.close()
})
const { db } = postgres
const [one, other] = ['하나', '둘둘'].map((name) => ({ id: newId(), email: `${newId()}@mopl.test`, name }))
await db.insert(users).values([one!, other!])

/** What the pool's only connection has prepared. */
async function statementsOnServer(): Promise<number> {
  const { rows } = await db.execute<{ count: number }>(
    sql`select count(*)::int as count from pg_prepared_statements where statement like '%"users"%'`,
  )
  return rows[0]!.count
}

let built = 0
const nameById = prepared((db) => {
  built++
  return db
    .select({ name: users.name })
    .from(users)
    .where(eq(users.id, sql.placeholder('id')))
})

test('a statement is built once and planned once, whatever its values', async () => {
  const before = await statementsOnServer()
  expect(await nameById(db).execute({ id: one!.id })).toEqual([{ name: one!.name }])
  expect(await nameById(db).execute({ id: other!.id })).toEqual([{ name: other!.name }])
  expect(await statementsOnServer()).toBe(before + 1)
  expect(built).toBe(1)
})

test('a transaction sees what it wrote, and plans nothing again', async () => {
  await nameById(db).execute({ id: one!.id })
  const before = await statementsOnServer()
  await db.transaction(async (tx) => {
    await tx.update(users).set({ name: '새 이름' }).where(eq(users.id, other!.id))
    expect(await nameById(tx).execute({ id: other!.id })).toEqual([{ name: '새 이름' }])
  })
  expect(await statementsOnServer()).toBe(before)
  expect(built).toBe(1)
})

test('each shape is a statement of its own, and one that keeps no plan has no name', async () => {
  const by = prepared(
    (db, column: 'email' | 'name') =>
      db
        .select({ id: users.id })
        .from(users)
        .where(eq(users[column], sql.placeholder('value'))),
    { keyOf: (column) => column, keepsPlan: (column) => column === 'email' },
  )
  const before = await statementsOnServer()
  expect(await by(db, 'email').execute({ value: one!.email })).toEqual([{ id: one!.id }])
  expect(await by(db, 'name').execute({ value: one!.name })).toEqual([{ id: one!.id }])
  expect(await statementsOnServer()).toBe(before + 1)
})

test('a connection that is made anew plans anew', async () => {
  await nameById(db).execute({ id: one!.id })
  await db.execute(sql`select pg_terminate_backend(pg_backend_pid())`).catch(() => undefined)
  expect(await nameById(db).execute({ id: one!.id })).toEqual([{ name: one!.name }])
})

describe('a migration that changes the type of a column under plans', () => {
  const emailById = prepared((db) =>
    db
      .select({ email: users.email, name: users.name })
      .from(users)
      .where(eq(users.id, sql.placeholder('id'))),
  )
  let length = 50
  const migrate = async () => {
    for (const statement of [nameById, emailById]) await statement(db).execute({ id: one!.id })
    await db.execute(sql.raw(`alter table users alter column name type varchar(${++length})`))
  }

  test('is not seen by a statement', async () => {
    await migrate()
    expect(await nameById(db).execute({ id: one!.id })).toEqual([{ name: one!.name }])
  })

  test('makes a transaction run once more, from its start, and leaves one effect', async () => {
    await migrate()
    const name = newId()
    let runs = 0
    await db.transaction(async (tx) => {
      runs++
      await tx.insert(tags).values({ id: newId(), name })
      expect(await nameById(tx).execute({ id: one!.id })).toEqual([{ name: one!.name }])
      expect(await emailById(tx).execute({ id: one!.id })).toEqual([one!].map(({ email, name }) => ({ email, name })))
    })
    expect(runs).toBe(2)
    expect(await db.$count(tags, eq(tags.name, name))).toBe(1)
  })

  test('voids each plan once: what comes after is planned anew, and kept', async () => {
    await migrate()
    await nameById(db).execute({ id: one!.id })
    let runs = 0
    const read = () =>
      db.transaction(async (tx) => {
        runs++
        return [await nameById(tx).execute({ id: one!.id }), await emailById(tx).execute({ id: one!.id })]
      })
    await read()
    const before = await statementsOnServer()
    await read()
    expect(runs).toBe(2)
    expect(await statementsOnServer()).toBe(before)
  })

  test('is told apart from a statement that PostgreSQL does not know, which is run once', async () => {
    let runs = 0
    const failure = await failureOf(
      db.transaction((tx) => {
        runs++
        return tx.execute(sql`select name, count(*) from users group by name for update`)
      }),
    )
    expect(sqlState(failure)).toBe('0A000')
    expect(isPostgresUnavailable(failure)).toBe(false)
    expect(runs).toBe(1)
  })
})

test('a value that PostgreSQL refuses says why, and leaves the connection as it was', async () => {
  const refused = await failureOf(nameById(db).execute({ id: 'no uuid' }))
  expect(refused).toBeInstanceOf(DrizzleQueryError)
  expect(sqlState(refused)).toBe('22P02')
  expect(await nameById(db).execute({ id: one!.id })).toHaveLength(1)
})

test('a statement that PostgreSQL refuses from the start is refused each time', async () => {
  const halves = prepared((db) =>
    db.select({ half: sql<number>`1 / (length(${users.name}) - length(${users.name}))` }).from(users),
  )
  for (let time = 0; time < 3; time++) expect(sqlState(await failureOf(halves(db).execute()))).toBe('22012')
  expect(await nameById(db).execute({ id: one!.id })).toHaveLength(1)
})

test('a value that cannot be sent or read is an error of its own execution alone', async () => {
  const circular: { self?: unknown } = {}
  circular.self = circular
  expect(await failureOf(nameById(db).execute({ id: circular }))).toBeInstanceOf(Error)
  const unreadable = prepared((db) =>
    db
      .select({
        name: sql`${users.name}`.mapWith(() => {
          throw new Error('unreadable')
        }),
      })
      .from(users),
  )
  expect(await failureOf(unreadable(db).execute())).toBeInstanceOf(Error)
  expect(await nameById(db).execute({ id: one!.id })).toHaveLength(1)
})

test('what misses its deadline is given up, and what waits behind it is answered', async () => {
  const impatient = openPostgres({ url: database.url, poolSize: 1, application: 'impatient', log, queryTimeoutMs: 200 })
  const sleep = prepared((db) => db.select({ slept: sql`pg_sleep(2)` }).from(users))
  const [slow, quick] = await Promise.allSettled([
    sleep(impatient.db).execute(),
    nameById(impatient.db).execute({ id: one!.id }),
  ])
  expect(sqlState((slow as PromiseRejectedResult).reason)).toBe('57014')
  expect(quick.status).toBe('fulfilled')
  await impatient.close()
})

test('rows are as drizzle makes them: dates, numbers, groups, and no group where an outer join found nothing', async () => {
  const author = { id: users.id, name: users.name }
  const select = (db: Sql) =>
    db
      .select({
        id: contents.id,
        createdAt: contents.createdAt,
        average: contents.averageRating,
        ratingSum: contents.ratingSum,
        shout: sql<string>`upper(${contents.title})`.mapWith((text) => `${String(text)}!`),
        review: { rating: reviews.rating, text: reviews.text },
        author,
      })
      .from(contents)
      .leftJoin(reviews, eq(reviews.contentId, contents.id))
      .leftJoin(users, eq(users.id, reviews.authorId))
      .orderBy(contents.title)
  const [reviewed, unreviewed] = [newId(), newId()]
  await db.insert(contents).values([
    { id: reviewed, type: 'movie', title: 'a', description: '', ratingSum: 4.5, reviewCount: 1 },
    { id: unreviewed, type: 'movie', title: 'b', description: '' },
  ])
  await db.insert(reviews).values({ id: newId(), contentId: reviewed, authorId: one!.id, rating: 4.5, text: '.' })
  const rows = await prepared(select)(db).execute()
  expect(rows).toEqual(await select(db))
  expect(rows).toMatchObject([
    { id: reviewed, createdAt: expect.any(Date), shout: 'A!', review: { rating: 4.5 }, author: { id: one!.id } },
    { id: unreviewed, review: null, author: null },
  ])
})
