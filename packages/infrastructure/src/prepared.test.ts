import { afterAll, expect, test } from 'bun:test'
import { eq, sql } from 'drizzle-orm'
import pino from 'pino'
import { newId } from './ids.ts'
import { openPostgres } from './postgres.ts'
import { prepared } from './prepared.ts'
import { users } from './tables.ts'
import { createTestDatabase } from './testing.ts'

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

const nameById = prepared((db) =>
  db
    .select({ name: users.name })
    .from(users)
    .where(eq(users.id, sql.placeholder('id'))),
)

test('a statement is built once and planned once, whatever its values', async () => {
  const before = await statementsOnServer()
  expect(nameById(db)).toBe(nameById(db))
  expect(await nameById(db).execute({ id: one!.id })).toEqual([{ name: one!.name }])
  expect(await nameById(db).execute({ id: other!.id })).toEqual([{ name: other!.name }])
  expect(await statementsOnServer()).toBe(before + 1)
})

test('a transaction sees what it wrote, and plans nothing again', async () => {
  await nameById(db).execute({ id: one!.id })
  const before = await statementsOnServer()
  await db.transaction(async (tx) => {
    await tx.update(users).set({ name: '새 이름' }).where(eq(users.id, other!.id))
    expect(await nameById(tx).execute({ id: other!.id })).toEqual([{ name: '새 이름' }])
  })
  expect(await statementsOnServer()).toBe(before)
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
