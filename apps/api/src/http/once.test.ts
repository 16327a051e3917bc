import { afterAll, describe, expect, test } from 'bun:test'
import { idempotencyKeys, reviews, users } from '@mopl/infrastructure/tables'
import { eventually } from '@mopl/infrastructure/testing'
import { eq, sql } from 'drizzle-orm'
import { type Answer, openTestApi, type Person, randomAddress, refusal } from '../testing.ts'
import { aPicture } from '../testing-pictures.ts'

const api = await openTestApi()
afterAll(() => api.close())

const conflict = refusal(409, 'IDEMPOTENCY_CONFLICT', {})
const isReplay = ({ headers }: Answer) => headers.get('idempotency-replayed') === 'true'

type Review = { contentId: string; rating: number; text: string }
const aReview = async (): Promise<Review> => ({ contentId: await api.aContent(), rating: 4, text: '좋아요' })

function post(person: Person, key: string, json: Review): Promise<Answer> {
  return api.call('POST', '/api/reviews', { token: person.token, json, headers: { 'Idempotency-Key': key } })
}

function countReviews({ contentId }: Review): Promise<number> {
  return api.db.$count(reviews, eq(reviews.contentId, contentId))
}

describe('the same key', () => {
  test('gives the same answer to one effect', async () => {
    const [person, key, review] = [await api.aUser(), crypto.randomUUID(), await aReview()]
    const first = await post(person, key, review)
    const again = await post(person, key, review)
    expect([first.status, again.status]).toEqual([201, 201])
    expect(again.body).toEqual(first.body)
    expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'))
    expect([isReplay(first), isReplay(again)]).toEqual([false, true])
    expect(again.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'))
    expect(await countReviews(review)).toBe(1)
    expect(await api.eventsOf(review.contentId)).toHaveLength(1)
  })

  test('gives the same refusal, which had no effect', async () => {
    const [person, key, review] = [await api.aUser(), crypto.randomUUID(), await aReview()]
    await post(person, crypto.randomUUID(), review)
    const refused = await post(person, key, review)
    expect(refused).toMatchObject(refusal(409, 'REVIEW_ALREADY_EXISTS'))
    await api.db.delete(reviews).where(eq(reviews.contentId, review.contentId))
    const again = await post(person, key, review)
    expect(again).toMatchObject({ status: 409, body: refused.body })
    expect(isReplay(again)).toBe(true)
    expect(await countReviews(review)).toBe(0)
  })

  test('gives the same empty answer', async () => {
    const [owner, reader] = [await api.aUser(), await api.aUser()]
    const json = { title: '목록', description: '' }
    const playlist = (await api.call('POST', '/api/playlists', { token: owner.token, json })).body as { id: string }
    const headers = { 'Idempotency-Key': crypto.randomUUID() }
    const subscribe = () =>
      api.call('POST', `/api/playlists/${playlist.id}/subscription`, { token: reader.token, headers })
    expect((await subscribe()).status).toBe(204)
    const again = await subscribe()
    expect(again).toMatchObject({ status: 204, body: '' })
    expect(isReplay(again)).toBe(true)
  })

  test('with another body is a conflict, and the first answer stays', async () => {
    const [person, key, review] = [await api.aUser(), crypto.randomUUID(), await aReview()]
    await post(person, key, review)
    expect(await post(person, key, { ...review, rating: 5 })).toMatchObject(conflict)
    expect((await post(person, key, review)).status).toBe(201)
  })

  test('of somebody else, or for another operation, is another key', async () => {
    const [one, other, key, review] = [await api.aUser(), await api.aUser(), crypto.randomUUID(), await aReview()]
    await post(one, key, review)
    const answers = [
      await post(other, key, review),
      await api.call('POST', '/api/follows', {
        token: one.token,
        json: { followeeId: other.id },
        headers: { 'Idempotency-Key': key },
      }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([201, 201])
    expect(answers.map(isReplay)).toEqual([false, false])
  })

  test('after a day is a new one', async () => {
    const [person, key, review] = [await api.aUser(), crypto.randomUUID(), await aReview()]
    await post(person, key, review)
    await api.db
      .update(idempotencyKeys)
      .set({ createdAt: sql`now() - interval '24 hours 1 second'` })
      .where(eq(idempotencyKeys.key, key))
    expect(await post(person, key, review)).toMatchObject(refusal(409, 'REVIEW_ALREADY_EXISTS'))
    const again = await post(person, key, review)
    expect(again).toMatchObject(refusal(409, 'REVIEW_ALREADY_EXISTS'))
    expect(isReplay(again)).toBe(true)
  })

  test('many times at once has one effect; each is answered so or told that it is under way', async () => {
    const [person, key, review] = [await api.aUser(), crypto.randomUUID(), await aReview()]
    const answers = await Promise.all(Array.from({ length: 12 }, () => post(person, key, review)))
    const created = answers.filter(({ status }) => status === 201)
    expect(created.filter((answer) => !isReplay(answer))).toHaveLength(1)
    for (const answer of answers.filter(({ status }) => status !== 201)) expect(answer).toMatchObject(conflict)
    expect(await countReviews(review)).toBe(1)
    expect(await api.eventsOf(review.contentId)).toHaveLength(1)
  })
})

describe('while the first request is under way', () => {
  /** Runs `during` while a review is written but its event waits for a lock. */
  async function whileHeld(request: () => Promise<Answer>, during: () => Promise<void>): Promise<Answer> {
    let answer: Promise<Answer> | undefined
    await api.db.transaction(async (tx) => {
      await tx.execute(sql`lock table outbox_events`)
      answer = request()
      await eventually('the event waits', async () => (await waiting()).length > 0)
      await during()
    })
    return answer!
  }

  async function waiting(): Promise<{ pid: number }[]> {
    const { rows } = await api.db.execute<{ pid: number }>(sql`
      select pid from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like '%outbox_events%'`)
    return rows
  }

  test('a second one is refused at once, and afterwards gets the answer', async () => {
    const [person, key, review] = [await api.aUser(), crypto.randomUUID(), await aReview()]
    const first = await whileHeld(
      () => post(person, key, review),
      async () => expect(await post(person, key, review)).toMatchObject(conflict),
    )
    expect(first.status).toBe(201)
    expect(await post(person, key, review)).toMatchObject({ status: 201, body: first.body })
  })

  test('its connection dies: 503, no effect, and the next try with the key has it once', async () => {
    const [person, key, review] = [await api.aUser(), crypto.randomUUID(), await aReview()]
    const first = await whileHeld(
      () => post(person, key, review),
      async () => {
        for (const { pid } of await waiting()) await api.db.execute(sql`select pg_terminate_backend(${pid}::int)`)
        await eventually('nobody waits any more', async () => (await waiting()).length === 0)
      },
    )
    expect(first).toMatchObject(refusal(503, 'UNAVAILABLE', {}))
    expect(await countReviews(review)).toBe(0)
    const second = await post(person, key, review)
    expect(second.status).toBe(201)
    expect(isReplay(second)).toBe(false)
    expect(await countReviews(review)).toBe(1)
  })
})

test('a form that was built again is the same request; with another picture it is not', async () => {
  const { token } = await api.aUser({ role: 'ADMIN' })
  const key = crypto.randomUUID()
  const [one, two] = [await aPicture('gif'), await aPicture('png')]
  const send = (picture: Uint8Array<ArrayBuffer>) => {
    const body = new FormData()
    body.append('thumbnail', new Blob([picture]), `${crypto.randomUUID()}.gif`)
    body.append('request', JSON.stringify({ tags: [], description: '', title: '제목', type: 'movie' }))
    return api.call('POST', '/api/contents', { token, body, headers: { 'Idempotency-Key': key } })
  }
  const first = await send(one)
  expect(first.status).toBe(201)
  expect(await send(one)).toMatchObject({ status: 201, body: first.body })
  expect(await send(two)).toMatchObject(conflict)
})

test('without anybody signed in the key is the address’s, and the password is not in what is kept', async () => {
  const json = { name: '홍길동', email: `${crypto.randomUUID()}@mopl.test`, password: 'correct horse' }
  const headers = { 'Idempotency-Key': crypto.randomUUID() }
  const from = randomAddress()
  const first = await api.call('POST', '/api/users', { json, headers, from })
  expect(first.status).toBe(201)
  expect(await api.call('POST', '/api/users', { json, headers, from })).toMatchObject({ status: 201, body: first.body })
  expect(await api.call('POST', '/api/users', { json, headers })).toMatchObject(refusal(409, 'EMAIL_TAKEN'))
  const other = { ...json, password: 'another horse' }
  expect(await api.call('POST', '/api/users', { json: other, headers, from })).toMatchObject(conflict)
  expect(await api.db.$count(users, eq(users.email, json.email))).toBe(1)
  const kept = await api.db.select().from(idempotencyKeys)
  expect(JSON.stringify(kept)).not.toContain('horse')
})

test('an answer that asks to try again is not kept', async () => {
  const [person, key, review] = [await api.aUser(), crypto.randomUUID(), await aReview()]
  await api.db.execute(sql`alter table outbox_events add constraint ck_broken check (false) not valid`)
  const failed = await post(person, key, review)
  await api.db.execute(sql`alter table outbox_events drop constraint ck_broken`)
  expect(failed.status).toBe(500)
  expect(await countReviews(review)).toBe(0)
  expect((await post(person, key, review)).status).toBe(201)
})

test.each(['two words', '한글', 'x'.repeat(256)])('"%s" is no key', async (key) => {
  const encoded = Buffer.from(key).toString('latin1')
  expect(await post(await api.aUser(), encoded, await aReview())).toMatchObject(
    refusal(400, 'INVALID_REQUEST', { 'Idempotency-Key': expect.any(String) }),
  )
})

test('every POST takes a key, but for those that answer with tokens', () => {
  const posts = api.app.routes.filter(({ method }) => method === 'POST')
  const paths = [...new Set(posts.map(({ path }) => path))].filter((path) => !path.startsWith('/api/auth/'))
  const taking = paths.filter((path) => posts.some((route) => route.path === path && route.handler.name === 'takeKey'))
  expect(taking).toEqual(paths)
  const auth = posts.filter(({ path }) => path.startsWith('/api/auth/'))
  expect(auth.filter(({ handler }) => handler.name === 'takeKey')).toEqual([])
})
