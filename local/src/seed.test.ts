import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createTestDatabase, type TestDatabase } from '@mopl/infrastructure/testing'
import { withSql } from './postgres.ts'
import { demoAccounts, seed } from './seed.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
  await seed(database.url)
})
afterAll(() => database.close())

test('every counter of the demo catalogue equals a recount', async () => {
  await withSql(database.url, async (sql) => {
    const wrong = await sql`
      select id from contents
      where (rating_sum, review_count) <> (select coalesce(sum(rating), 0), count(*) from reviews where content_id = contents.id)
      union all
      select id from playlists
      where subscriber_count <> (select count(*) from playlist_subscriptions where playlist_id = playlists.id)`
    expect([...wrong]).toEqual([])
    const [counts] = await sql`
      select count(*)::int as contents, count(distinct type)::int as types, sum(review_count)::int as reviews,
        (select count(distinct content_id)::int from content_tags) as tagged from contents`
    expect(counts).toMatchObject({ contents: 40, types: 3, tagged: 40 })
    expect(counts.reviews).toBeGreaterThan(40)
  })
})

test('the demo accounts can sign in with what bin/up prints', async () => {
  await withSql(database.url, async (sql) => {
    for (const { email, password } of demoAccounts) {
      const [user] = await sql`select password_hash from users where email = ${email}`
      expect(await Bun.password.verify(password, user.password_hash)).toBe(true)
    }
  })
})

test('seeding again leaves alone what people changed', async () => {
  await withSql(database.url, async (sql) => {
    await sql`delete from contents where title = '열대야'`
    await sql`update users set name = '김바다' where email = ${demoAccounts[0].email}`
    await seed(database.url)
    const [answer] =
      await sql`select (select count(*)::int from contents) as contents, (select count(*)::int from users where name = '김바다') as users`
    expect(answer).toEqual({ contents: 39, users: 1 })
  })
})
