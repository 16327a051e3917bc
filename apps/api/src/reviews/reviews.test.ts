import { afterAll, describe, expect, test } from 'bun:test'
import { contents, users } from '@mopl/infrastructure/tables'
import { eq } from 'drizzle-orm'
import type { Page } from '../http/page.ts'
import { openTestApi, type Person, refusal } from '../testing.ts'
import type { ReviewDto } from './schemas.ts'

const api = await openTestApi()
afterAll(() => api.close())

type Fields = { rating?: unknown; text?: unknown }

function write(author: Person, contentId: unknown, { rating = 4.5, text = '좋아요' }: Fields = {}) {
  return api.call('POST', '/api/reviews', { token: author.token, json: { contentId, rating, text } })
}

async function aReview(author: Person, fields?: Fields): Promise<ReviewDto> {
  const { status, body } = await write(author, await api.aContent(), fields)
  expect(status).toBe(201)
  return body as ReviewDto
}

async function eventsOf({ contentId }: ReviewDto): Promise<{ type: string; payload: unknown }[]> {
  return (await api.eventsOf(contentId)).map(({ type, payload }) => ({ type, payload }))
}

describe('a new review', () => {
  test('is answered and told with its rating under the content, and does not touch the average itself', async () => {
    const [author, contentId] = [await api.aUser({ name: '평론가' }), await api.aContent()]
    const { status, body } = await write(author, contentId)
    const { id: reviewId } = body as ReviewDto
    expect(status).toBe(201)
    expect(body).toEqual({
      id: reviewId,
      contentId,
      author: { userId: author.id, name: '평론가' },
      text: '좋아요',
      rating: 4.5,
    })
    const [event] = await api.eventsOf(contentId)
    expect(event).toMatchObject({
      type: 'review.created',
      key: contentId,
      version: 1,
      payload: { reviewId, contentId, authorId: author.id, rating: 4.5 },
    })
    const [content] = await api.db.select().from(contents).where(eq(contents.id, contentId))
    expect(content).toMatchObject({ reviewCount: 0 })
  })

  test('carries the request id from the header into its event', async () => {
    const [author, contentId] = [await api.aUser(), await api.aContent()]
    const requestId = crypto.randomUUID().replaceAll('-', '')
    const json = { contentId, rating: 1, text: '.' }
    const { headers } = await api.call('POST', '/api/reviews', {
      token: author.token,
      json,
      headers: { 'X-Request-Id': requestId },
    })
    expect(headers.get('x-request-id')).toBe(requestId)
    expect(await api.eventsOf(contentId)).toMatchObject([{ requestId }])
  })

  test('of a content reviewed before is refused; of two at once one is', async () => {
    const [author, contentId] = [await api.aUser(), await api.aContent()]
    const answers = await Promise.all([write(author, contentId), write(author, contentId), write(author, contentId)])
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([201, 409, 409])
    expect(await write(author, contentId)).toMatchObject(refusal(409, 'REVIEW_ALREADY_EXISTS', {}))
    expect(await api.eventsOf(contentId)).toHaveLength(1)
  })

  test('of an unknown content is 404', async () => {
    expect(await write(await api.aUser(), crypto.randomUUID())).toMatchObject(refusal(404, 'CONTENT_NOT_FOUND'))
  })

  test.each<[string, Fields & { contentId?: unknown }]>([
    ['rating', { rating: 5.1 }],
    ['rating', { rating: -0.1 }],
    ['rating', { rating: '5' }],
    ['rating', { rating: null }],
    ['text', { text: '' }],
    ['text', { text: ' \n ' }],
    ['text', { text: 'x'.repeat(2001) }],
    ['text', { text: 'nul \0 byte' }],
    ['contentId', { contentId: 'not-a-uuid' }],
    ['contentId', { contentId: '\0' }],
    ['contentId', { contentId: {} }],
  ])('with an impossible %s (case %#) is refused, naming the field', async (field, { contentId, ...fields }) => {
    const answer = await write(await api.aUser(), contentId ?? (await api.aContent()), fields)
    expect(answer).toMatchObject(refusal(400, 'INVALID_REQUEST', { [field]: expect.any(String) }))
  })

  test('may be of 2000 characters, however many bytes they take', async () => {
    const text = '😀'.repeat(2000)
    expect((await aReview(await api.aUser(), { text })).text).toBe(text)
  })
})

describe('a change of a review', () => {
  test('answers the whole and tells old and new rating', async () => {
    const author = await api.aUser()
    const review = await aReview(author, { rating: 2 })
    const { id, contentId } = review
    const answer = await api.call('PATCH', `/api/reviews/${id}`, { token: author.token, json: { rating: 3.3 } })
    expect(answer).toMatchObject({ status: 200, body: { ...review, rating: 3.3 } })
    expect((await eventsOf(review)).at(-1)).toEqual({
      type: 'review.updated',
      payload: { reviewId: id, contentId, authorId: author.id, oldRating: 2, newRating: 3.3 },
    })
  })

  test('that changes nothing is not told', async () => {
    const author = await api.aUser()
    const review = await aReview(author)
    for (const json of [{}, { rating: review.rating, text: review.text }])
      expect((await api.call('PATCH', `/api/reviews/${review.id}`, { token: author.token, json })).status).toBe(200)
    expect(await eventsOf(review)).toHaveLength(1)
  })

  test('made by several at once tells a chain of ratings without a gap', async () => {
    const author = await api.aUser()
    const review = await aReview(author, { rating: 0 })
    const change = (rating: number) =>
      api.call('PATCH', `/api/reviews/${review.id}`, { token: author.token, json: { rating } })
    await Promise.all([1, 2, 3, 4].map(change))
    const chain = (await eventsOf(review))
      .slice(1)
      .map(({ payload }) => payload as { oldRating: number; newRating: number })
    let rating = 0
    for (const { oldRating, newRating } of chain) {
      expect(oldRating).toBe(rating)
      rating = newRating
    }
    expect(chain).toHaveLength(4)
  })
})

test("another's review can be neither changed nor deleted, not by an admin either", async () => {
  const review = await aReview(await api.aUser())
  for (const { token } of [await api.aUser(), await api.aUser({ role: 'ADMIN' })]) {
    const change = { token, json: { rating: 0 } }
    expect(await api.call('PATCH', `/api/reviews/${review.id}`, change)).toMatchObject(refusal(403, 'FORBIDDEN'))
    expect(await api.call('DELETE', `/api/reviews/${review.id}`, { token })).toMatchObject(refusal(403, 'FORBIDDEN'))
  }
})

test('a deleted review is gone, told with its rating, and can be written again', async () => {
  const author = await api.aUser()
  const review = await aReview(author, { rating: 1.5 })
  const { id, contentId } = review
  expect((await api.call('DELETE', `/api/reviews/${id}`, { token: author.token })).status).toBe(200)
  expect((await eventsOf(review)).at(-1)).toEqual({
    type: 'review.deleted',
    payload: { reviewId: id, contentId, authorId: author.id, rating: 1.5 },
  })
  for (const [method, json] of [['DELETE'], ['PATCH', { rating: 1 }]] as const)
    expect(await api.call(method, `/api/reviews/${id}`, { token: author.token, json })).toMatchObject(
      refusal(404, 'REVIEW_NOT_FOUND'),
    )
  expect((await write(author, contentId)).status).toBe(201)
})

test('the list shows who wrote each review', async () => {
  const author = await api.aUser({ name: '평론가' })
  await api.db.update(users).set({ profileImageKey: 'ab/ab.png' }).where(eq(users.id, author.id))
  const review = await aReview(author)
  const query = `contentId=${review.contentId}&limit=10&sortBy=rating&sortDirection=DESCENDING`
  const { body } = await api.call('GET', `/api/reviews?${query}`, { token: author.token })
  expect((body as Page<ReviewDto>).data).toEqual([
    { ...review, author: { userId: author.id, name: '평론가', profileImageUrl: '/media/ab/ab.png' } },
  ])
})
