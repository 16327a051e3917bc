import { afterAll, expect, test } from 'bun:test'
import { redisKeys } from '@mopl/contracts/redis-keys'
import { forgetContents } from '@mopl/infrastructure/forget'
import { openRedis, untilRedisReady } from '@mopl/infrastructure/redis'
import { Resources } from '@mopl/infrastructure/resources'
import { contents } from '@mopl/infrastructure/tables'
import { testEnv } from '@mopl/infrastructure/testing'
import { eq } from 'drizzle-orm'
import pino from 'pino'
import { createAnswerCache } from '../http/answer-cache.ts'
import type { Page } from '../http/page.ts'
import { openTestApi, refusal } from '../testing.ts'
import type { ContentDto } from './schemas.ts'

const resources = new Resources()
afterAll(() => resources.close((name) => expect.unreachable(name)))
// The catalogue of this file's database: another test's must not get into it.
const ownKeys = Object.assign(new URL(testEnv('REDIS_URL')), { pathname: '/1' }).href
const options = { url: ownKeys, name: 'cached-test', log: pino({ level: 'silent' }) }
const { redis } = resources.use('redis', openRedis(options))
await untilRedisReady(redis)
const api = resources.use(
  'api',
  await openTestApi(({ log, metrics }) => ({ redis, cache: createAnswerCache({ redis, log, metrics }) })),
)
const { token } = await api.aUser({ role: 'ADMIN' })
const first = '/api/contents?limit=100&sortBy=createdAt&sortDirection=DESCENDING'

async function read(path: string): Promise<unknown> {
  const { status, headers, body } = await api.call('GET', path, { token })
  expect({ status, body, type: headers.get('content-type') }).toMatchObject({ status: 200, type: 'application/json' })
  return body
}
const contentOf = (id: string) => read(`/api/contents/${id}`) as Promise<ContentDto>
const idsOf = async (path: string) => ((await read(path)) as Page<ContentDto>).data.map(({ id }) => id)

function create(headers: Record<string, string> = {}) {
  const body = new FormData()
  body.append('request', JSON.stringify({ type: 'movie', title: '제목', description: '', tags: [] }))
  return api.call('POST', '/api/contents', { token, body, headers })
}

/** What nobody announces shows whether an answer is kept. */
async function renameUnseen(id: string): Promise<void> {
  await api.db.update(contents).set({ title: 'unseen' }).where(eq(contents.id, id))
}

test('a content and the first pages are read from the cache, until it is told that they have changed', async () => {
  const id = await api.aContent()
  await forgetContents(redis, [])
  const before = [await contentOf(id), await read(first)]
  await renameUnseen(id)
  expect([await contentOf(id), await read(first)]).toEqual(before)
  await forgetContents(redis, [id])
  expect(await contentOf(id)).toMatchObject({ title: 'unseen' })
  expect(await read(first)).toMatchObject({ data: [{ title: 'unseen' }] })
})

test('who creates, changes or deletes a content sees it at once, also with an Idempotency-Key and an id in capitals', async () => {
  for (const headers of [{}, { 'Idempotency-Key': crypto.randomUUID() }]) {
    const earlier = await idsOf(first)
    const { id } = (await create(headers)).body as ContentDto
    expect(await idsOf(first)).toEqual([id, ...earlier])
    await contentOf(id)
    for (const [spelling, title] of [
      [id, '하나'],
      [id.toUpperCase(), '둘'],
    ] as const) {
      await api.call('PATCH', `/api/contents/${spelling}`, { token, json: { title } })
      expect(await contentOf(id)).toMatchObject({ title })
      expect(await read(first)).toMatchObject({ data: [{ id, title }, ...earlier.map((id) => ({ id }))] })
    }
    await api.call('DELETE', `/api/contents/${id.toUpperCase()}`, { token })
    expect(await api.call('GET', `/api/contents/${id}`, { token })).toMatchObject(refusal(404, 'CONTENT_NOT_FOUND'))
    expect(await idsOf(first)).toEqual(earlier)
  }
})

test('a content that is not there is not remembered as such', async () => {
  const id = crypto.randomUUID()
  expect(await api.call('GET', `/api/contents/${id}`, { token })).toMatchObject(refusal(404, 'CONTENT_NOT_FOUND'))
  await api.aContent({ id })
  expect(await contentOf(id)).toMatchObject({ id })
})

test('every kind of first page is kept apart; searches and later pages are not kept', async () => {
  await Promise.all([api.aContent({ watcherCount: 3 }), api.aContent({ type: 'sport' }), api.aContent()])
  await forgetContents(redis, [])
  const paths = ['createdAt', 'watcherCount', 'rate'].flatMap((sortBy) =>
    ['ASCENDING', 'DESCENDING'].flatMap((sortDirection) =>
      ['&limit=1', '&limit=2', '&limit=2&typeEqual=sport', '&limit=2&typeEqual=movie'].map(
        (rest) => `/api/contents?sortBy=${sortBy}&sortDirection=${sortDirection}${rest}`,
      ),
    ),
  )
  const answers: unknown[] = []
  for (const path of paths) answers.push(await read(path))
  for (const [index, path] of paths.entries()) expect(await read(path)).toEqual(answers[index])
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(paths.length)
  const { nextCursor, nextIdAfter } = answers[0] as Page<ContentDto>
  const after = new URLSearchParams({ cursor: nextCursor ?? '', idAfter: nextIdAfter ?? '' }).toString()
  for (const path of [`${paths[0]}&keywordLike=제목`, `${paths[0]}&tagsIn=x`, `${paths[0]}&${after}`]) await read(path)
  expect(await redis.hlen(redisKeys.catalogueAnswers)).toBe(paths.length)
})

test('the socket forgets its summary of a changed content with it', async () => {
  const id = await api.aContent()
  const key = redisKeys.contentSummaryCache(id)
  await redis.set(key, '{}', 'EX', 60)
  await api.call('PATCH', `/api/contents/${id}`, { token, json: { title: '새 제목' } })
  expect(await redis.exists(key)).toBe(0)
})
