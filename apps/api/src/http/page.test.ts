import { afterAll, describe, expect, test } from 'bun:test'
import { newId } from '@mopl/infrastructure/ids'
import { contents, reviews } from '@mopl/infrastructure/tables'
import { sql } from 'drizzle-orm'
import { openTestApi, refusal } from '../testing.ts'
import type { Page } from './page.ts'

const api = await openTestApi()
afterAll(() => api.close())
const { token, id: authorId } = await api.aUser({ role: 'ADMIN' })

type Listed = Page<{ id: string }>

async function pageOf(path: string, query: Record<string, string>): Promise<Listed> {
  const { status, body } = await api.call('GET', `${path}?${new URLSearchParams(query).toString()}`, { token })
  expect({ status, body }).toMatchObject({ status: 200 })
  return body as Listed
}

/** Every id of the list, page by page as a client walks it; `between` runs after each page. */
async function walk(path: string, query: Record<string, string>, between = async () => {}): Promise<string[]> {
  const ids: string[] = []
  let position: Record<string, string> = {}
  for (;;) {
    const { data, hasNext, nextCursor, nextIdAfter } = await pageOf(path, { ...query, ...position })
    ids.push(...data.map(({ id }) => id))
    expect(hasNext).toBe(nextCursor !== null)
    if (nextCursor === null || nextIdAfter === null) return ids
    position = { cursor: nextCursor, idAfter: nextIdAfter }
    await between()
  }
}

const directions = ['ASCENDING', 'DESCENDING'] as const

describe('walking a list from start to end yields every row exactly once', () => {
  // Few distinct values, many rows: most pages end in the middle of equal ones. A third has no exact binary form.
  const moments = ['2026-01-01T00:00:00.001Z', '2026-01-01T00:00:00.002Z', '2026-01-01T00:00:01Z']
  const rows = Array.from({ length: 40 }, (_, index) => ({
    id: newId(),
    type: 'movie' as const,
    title: `제목 ${index}`,
    description: '',
    createdAt: new Date(moments[index % 3]!),
    watcherCount: index % 4,
    ratingSum: index % 5,
    reviewCount: 3,
  }))

  test.each(['createdAt', 'watcherCount', 'rate'].flatMap((sort) => directions.map((direction) => [sort, direction])))(
    'contents by %s %s, in the order that PostgreSQL gives, while rows are inserted',
    async (sortBy, sortDirection) => {
      await api.db.delete(contents)
      await api.db.insert(contents).values(rows)
      const column = { createdAt: 'created_at', watcherCount: 'watcher_count', rate: 'average_rating' }[sortBy]
      const order = sortDirection === 'ASCENDING' ? 'asc' : 'desc'
      const { rows: expected } = await api.db.execute<{ id: string }>(
        sql.raw(`select id from contents order by ${column} ${order}, id ${order}`),
      )
      const query = { limit: '7', sortBy, sortDirection }
      const walked = await walk('/api/contents', query, async () => {
        await api.aContent({ title: 'newcomer', createdAt: new Date(moments[1]!) })
      })
      const known = new Set(rows.map(({ id }) => id))
      expect(walked.filter((id) => known.has(id))).toEqual(expected.map(({ id }) => id))
      expect(new Set(walked).size).toBe(walked.length)
    },
  )

  test.each(directions)('reviews by rating %s, of one content', async (sortDirection) => {
    const [contentId, other] = [await api.aContent(), await api.aContent()]
    const authors = await Promise.all(Array.from({ length: 12 }, () => api.aUser()))
    const values = authors.map(({ id }, index) => ({
      id: newId(),
      contentId,
      authorId: id,
      text: '.',
      rating: [3.3, 0.1, 5][index % 3]!,
    }))
    await api.db.insert(reviews).values([...values, { ...values[0]!, id: newId(), contentId: other, authorId }])
    const walked = await walk('/api/reviews', { contentId, limit: '5', sortBy: 'rating', sortDirection })
    const sign = sortDirection === 'ASCENDING' ? 1 : -1
    const expected = values.toSorted((a, b) => (a.rating - b.rating || (a.id < b.id ? -1 : 1)) * sign)
    expect(walked).toEqual(expected.map(({ id }) => id))
  })
})

test('the total counts the whole filtered list, whatever the page', async () => {
  const contentId = await api.aContent()
  const query = { contentId, limit: '1', sortBy: 'createdAt', sortDirection: 'ASCENDING' }
  expect((await pageOf('/api/reviews', query)).totalCount).toBe(0)
  for (const { id } of [await api.aUser(), await api.aUser()])
    await api.db.insert(reviews).values({ id: newId(), contentId, authorId: id, text: '.', rating: 1 })
  const first = await pageOf('/api/reviews', query)
  expect(first).toMatchObject({ totalCount: 2, hasNext: true, sortBy: 'createdAt', sortDirection: 'ASCENDING' })
  const second = await pageOf('/api/reviews', { ...query, cursor: first.nextCursor!, idAfter: first.nextIdAfter! })
  expect(second).toMatchObject({ totalCount: 2, hasNext: false, nextCursor: null, nextIdAfter: null })
  const beyond = { cursor: '9000-01-01T00:00:00.000Z', idAfter: newId() }
  expect(await pageOf('/api/reviews', { ...query, ...beyond })).toMatchObject({
    data: [],
    totalCount: 2,
    hasNext: false,
  })
})

test.each<[Record<string, string>, Record<string, string>]>([
  [{ limit: '' }, { limit: '필수 값입니다.' }],
  [{ limit: '0' }, { limit: '1 이상이어야 합니다.' }],
  [{ limit: '101' }, { limit: '100 이하여야 합니다.' }],
  [{ limit: '-1' }, { limit: '올바르지 않은 값입니다.' }],
  [{ limit: '1e1' }, { limit: '올바르지 않은 값입니다.' }],
  [{ sortBy: 'password' }, { sortBy: expect.stringContaining('createdAt') }],
  [{ sortDirection: 'UP' }, { sortDirection: expect.stringContaining('ASCENDING') }],
  [{ cursor: '2026-01-01T00:00:00.000Z' }, { idAfter: 'cursor와 idAfter는 함께 보내야 합니다.' }],
  [{ idAfter: newId() }, { cursor: 'cursor와 idAfter는 함께 보내야 합니다.' }],
  [{ cursor: 'yesterday', idAfter: newId() }, { cursor: '올바르지 않은 커서입니다.' }],
  [{ cursor: '\0', idAfter: newId() }, { cursor: '사용할 수 없는 문자가 있습니다.' }],
  [{ cursor: '2026-01-01T00:00:00.000Z', idAfter: '7' }, { idAfter: 'UUID 형식이어야 합니다.' }],
  [{ cursor: '2026-02-30T00:00:00.000Z', idAfter: newId() }, { cursor: '올바르지 않은 커서입니다.' }],
  [{ cursor: '0000-01-01T00:00:00.000Z', idAfter: newId() }, { cursor: '올바르지 않은 커서입니다.' }],
  [{ cursor: '9999-99-99T99:99:99.999Z', idAfter: newId() }, { cursor: '올바르지 않은 커서입니다.' }],
  [{ cursor: '2026-01-01T24:00:00.000Z', idAfter: newId() }, { cursor: '올바르지 않은 커서입니다.' }],
  [{ cursor: '+10000-01-01T00:00:00.000Z', idAfter: newId() }, { cursor: '올바르지 않은 커서입니다.' }],
  [{ cursor: '-00001-01-01T00:00:00.000Z', idAfter: newId() }, { cursor: '올바르지 않은 커서입니다.' }],
  [{ sortBy: 'watcherCount', cursor: '2147483648', idAfter: newId() }, { cursor: '올바르지 않은 커서입니다.' }],
  [{ sortBy: 'watcherCount', cursor: '1;drop table users', idAfter: newId() }, { cursor: '올바르지 않은 커서입니다.' }],
  [{ sortBy: 'rate', cursor: '1e999', idAfter: newId() }, { cursor: '올바르지 않은 커서입니다.' }],
  [{ sortBy: 'rate', cursor: '1e-999', idAfter: newId() }, { cursor: '올바르지 않은 커서입니다.' }],
  [{ sortBy: 'rate', cursor: 'NaN', idAfter: newId() }, { cursor: '올바르지 않은 커서입니다.' }],
])('a page asked for with %j is refused', async (changed, details) => {
  const query = { limit: '10', sortBy: 'createdAt', sortDirection: 'ASCENDING', ...changed }
  const answer = await api.call('GET', `/api/contents?${new URLSearchParams(query).toString()}`, { token })
  expect(answer).toMatchObject(refusal(400, 'INVALID_REQUEST', details))
})

test.each([
  ['createdAt', '9999-12-31T23:59:59.999Z'],
  ['createdAt', '0001-01-01T00:00:00.000Z'],
  ['watcherCount', '-2147483648'],
  ['rate', '1.7976931348623157e+308'],
  ['rate', '5e-324'],
  ['rate', '0'],
])('by %s the cursor %s, at the edge of what there is, is one', async (sortBy, cursor) => {
  const query = { limit: '10', sortBy, sortDirection: 'ASCENDING', cursor, idAfter: newId() }
  expect(await pageOf('/api/contents', query)).toMatchObject({ hasNext: expect.any(Boolean) })
})

test('a parameter given twice is refused where one is meant', async () => {
  const answer = await api.call('GET', '/api/contents?limit=1&limit=2&sortBy=rate&sortDirection=ASCENDING', { token })
  expect(answer).toMatchObject(refusal(400, 'INVALID_REQUEST', { limit: '문자열이어야 합니다.' }))
})

test('a search for blanks is no search, in every list that has one', async () => {
  const contentId = await api.aContent()
  for (const [path, sortBy, name] of [
    ['/api/users', 'name', 'emailLike'],
    ['/api/contents', 'createdAt', 'keywordLike'],
    ['/api/playlists', 'updatedAt', 'keywordLike'],
    ['/api/conversations', 'createdAt', 'keywordLike'],
    [`/api/contents/${contentId}/watching-sessions`, 'createdAt', 'watcherNameLike'],
  ] as const) {
    const query = { limit: '1', sortBy, sortDirection: 'ASCENDING' }
    const all = await pageOf(path, query)
    for (const blank of ['', ' ', ' \t\n\u3000']) expect(await pageOf(path, { ...query, [name]: blank })).toEqual(all)
  }
})
