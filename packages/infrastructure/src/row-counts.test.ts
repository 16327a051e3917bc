/** `row_counts` says exactly how many rows there are, whoever writes them and however. */
import { afterAll, afterEach, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import pino from 'pino'
import { newId } from './ids.ts'
import { openPostgres, type Sql } from './postgres.ts'
import { contents, playlists, reviews, users } from './tables.ts'
import { createTestDatabase } from './testing.ts'

const database = await createTestDatabase()
const log = pino({ level: 'silent' })
const postgres = openPostgres({ url: database.url, poolSize: 20, application: 'row-counts-test', log })
const { db } = postgres
afterEach(async () => void (await db.execute(sql`truncate users, contents cascade`)))
afterAll(async () => {
  await postgres.close()
  await database.close()
})

const aUser = () => ({ id: newId(), email: `${newId()}@mopl.test`, name: '사용자' })
const aContent = (type: 'movie' | 'sport' = 'movie') => ({ id: newId(), type, title: '제목', description: '' })

/** What the counters say, and what a count of the rows says, each as `relation part` -> number. */
async function bothCounts(tx: Sql = db) {
  const { rows } = await tx.execute<{ name: string; told: number; counted: number }>(sql`
    with counted as (
      select 'contents ' || type as name, count(*)::int as rows from contents group by type
      union all select 'playlists ', count(*)::int from playlists
      union all select 'reviews ', count(*)::int from reviews
      union all select 'users ', count(*)::int from users
    ), told as (select relation || ' ' || part as name, sum(rows)::int as rows from row_counts group by relation, part)
    select name, coalesce(told.rows, 0) as told, coalesce(counted.rows, 0) as counted
    from told full join counted using (name) order by name`)
  return {
    told: Object.fromEntries(rows.map(({ name, told }) => [name, told])),
    counted: Object.fromEntries(rows.map(({ name, counted }) => [name, counted])),
  }
}

async function assertExact(expected: Record<string, number>): Promise<void> {
  const { told, counted } = await bothCounts()
  expect(told).toEqual(counted)
  expect(told).toMatchObject(expected)
}

test('rows written one by one and many at once are counted', async () => {
  await db.insert(users).values(aUser())
  await db.insert(users).values(Array.from({ length: 50 }, aUser))
  await db.insert(contents).values([aContent(), aContent('sport'), aContent('sport')])
  await assertExact({ 'users ': 51, 'contents movie': 1, 'contents sport': 2 })
})

test('rows that a conflict keeps out are not counted', async () => {
  const [one, other] = [aUser(), aUser()]
  await db.insert(users).values(one)
  await db.insert(users).values([one, other]).onConflictDoNothing()
  await assertExact({ 'users ': 2 })
})

test('what goes with the row it belongs to is counted out with it', async () => {
  const [author, content, other] = [aUser(), aContent(), aContent()]
  await db.insert(users).values(author)
  await db.insert(contents).values([content, other])
  await db.insert(playlists).values({ id: newId(), ownerId: author.id, title: '목록', description: '' })
  for (const { id: contentId } of [content, other])
    await db.insert(reviews).values({ id: newId(), contentId, authorId: author.id, text: '.', rating: 3 })
  await db.delete(contents).where(sql`id = ${content.id}`)
  await assertExact({ 'reviews ': 1, 'contents movie': 1, 'playlists ': 1 })
  await db.delete(users)
  await assertExact({ 'reviews ': 0, 'playlists ': 0, 'users ': 0 })
})

test('a content that changes its type is counted with the new one', async () => {
  await db.insert(contents).values([aContent(), aContent()])
  await db.execute(sql`update contents set type = 'sport' where id = (select id from contents limit 1)`)
  await assertExact({ 'contents movie': 1, 'contents sport': 1 })
})

test('what is rolled back never counted', async () => {
  const failure = await db
    .transaction(async (tx) => {
      await tx.insert(users).values([aUser(), aUser()])
      expect((await bothCounts(tx)).told).toMatchObject({ 'users ': 2 })
      throw new Error('no')
    })
    .catch(String)
  expect(failure).toBe('Error: no')
  await assertExact({})
  expect(await db.$count(users)).toBe(0)
})

test('a transaction that has counted holds up no other', async () => {
  await db.transaction(async (holder) => {
    await holder.insert(users).values(aUser())
    await holder.insert(contents).values(aContent())
    await db.transaction(async (other) => {
      await other.execute(sql`set local lock_timeout = '100ms'`)
      await other.insert(contents).values(aContent())
      await other.insert(users).values(aUser())
    })
    // Each sees the count of what it sees.
    await holder.insert(users).values(aUser())
    expect((await bothCounts(holder)).told).toMatchObject({ 'users ': 3 })
  })
  await assertExact({ 'users ': 3, 'contents movie': 2 })
})

test('many writers at once count exactly, in not many more slots than there are of them', async () => {
  const kept: string[] = []
  const write = async (number: number) => {
    const user = aUser()
    await db.insert(users).values(user)
    if (number % 3 === 0) await db.delete(users).where(sql`id = ${user.id}`)
    else kept.push(user.id)
  }
  await Promise.all(Array.from({ length: 300 }, (_, number) => write(number)))
  await assertExact({ 'users ': kept.length })
  const { rows } = await db.execute<{ slots: number }>(
    sql`select count(*)::int as slots from row_counts where relation = 'users'`,
  )
  expect(rows[0]!.slots).toBeLessThanOrEqual(20)
})

test('an emptied table has no rows', async () => {
  await db.insert(users).values([aUser(), aUser()])
  await db.execute(sql`truncate users cascade`)
  await assertExact({})
})
