import { afterAll, expect, test } from 'bun:test'
import { openPostgres } from '@mopl/infrastructure/postgres'
import { openRedis, openSubscriber } from '@mopl/infrastructure/redis'
import { Resources } from '@mopl/infrastructure/resources'
import { openSessionRegistry } from '@mopl/infrastructure/sessions'
import { freePort, testEnv } from '@mopl/infrastructure/testing'
import { sql } from 'drizzle-orm'
import pino from 'pino'
import { createRefreshTokens } from '../auth/refresh-tokens.ts'
import { jwtSecret, openTestApi, refusal } from '../testing.ts'

const resources = new Resources()
afterAll(() => resources.close((name) => expect.unreachable(name)))
const log = pino({ level: 'silent' })
const nowhere = await freePort()

const { subscriber } = resources.use('subscriber', openSubscriber({ url: testEnv('REDIS_URL'), name: 'bad-days', log }))
const dead = resources.use('redis', openRedis({ url: `redis://127.0.0.1:${nowhere}`, name: 'bad-days', log }))
const deadSessions = await openSessionRegistry(dead.redis, subscriber, log)
const noRedis = resources.use(
  'api without redis',
  await openTestApi(() => ({
    redis: dead.redis,
    sessions: deadSessions,
    refreshTokens: createRefreshTokens({ redis: dead.redis, jwtSecret }),
  })),
)

const url = `postgres://postgres@127.0.0.1:${nowhere}/nothing`
const deadPostgres = resources.use('postgres', openPostgres({ url, poolSize: 2, application: 'bad-days', log }))
const noPostgres = resources.use('api without postgres', await openTestApi(() => ({ db: deadPostgres.db })))

const page = 'limit=1&sortBy=createdAt&sortDirection=ASCENDING'

/** The answer, which must come soon. */
async function soon<T>(answer: Promise<T>, withinMs = 2_500): Promise<T> {
  const startedAt = performance.now()
  const value = await answer
  expect(performance.now() - startedAt).toBeLessThan(withinMs)
  return value
}

test('without Redis whatever needs a session answers 503 with Retry-After, at once', async () => {
  const { token } = await noRedis.aUser()
  for (const path of [`/api/contents?${page}`, `/api/reviews?${page}`, `/api/users/${crypto.randomUUID()}`]) {
    const answer = await soon(noRedis.call('GET', path, { token }))
    expect(answer).toMatchObject(refusal(503, 'UNAVAILABLE', {}))
    expect(answer.headers.get('retry-after')).toBe('1')
  }
})

test('without Redis sign-up, sign-in, reset, refresh and sign-out answer 503: nobody could count the tries', async () => {
  const json = { name: '이름', email: `${crypto.randomUUID()}@mopl.test`, password: 'correct horse' }
  expect(await soon(noRedis.call('POST', '/api/users', { json }))).toMatchObject(refusal(503, 'UNAVAILABLE'))
  const reset = { json: { email: json.email } }
  expect(await soon(noRedis.call('POST', '/api/auth/reset-password', reset))).toMatchObject(refusal(503, 'UNAVAILABLE'))
  const form = new URLSearchParams({ username: json.email, password: json.password })
  expect(await soon(noRedis.call('POST', '/api/auth/sign-in', { body: form }))).toMatchObject(
    refusal(503, 'UNAVAILABLE'),
  )
  const { refreshToken, token } = await noRedis.aUser()
  const headers = {
    cookie: `REFRESH_TOKEN=${refreshToken}; XSRF-TOKEN=a-csrf-token-of-the-page`,
    'X-XSRF-TOKEN': 'a-csrf-token-of-the-page',
  }
  for (const path of ['/api/auth/refresh', '/api/auth/sign-out'])
    expect(await soon(noRedis.call('POST', path, { headers, token }))).toMatchObject(refusal(503, 'UNAVAILABLE'))
})

test('without Redis nobody is sent to a social provider', async () => {
  for (const path of ['/oauth2/authorization/google', '/login/oauth2/code/google'])
    expect(await soon(noRedis.call('GET', path))).toMatchObject(refusal(503, 'UNAVAILABLE'))
})

test('without PostgreSQL every read and write answers 503 with Retry-After, at once', async () => {
  const { token } = await noPostgres.aUser({ role: 'ADMIN' })
  const review = { contentId: crypto.randomUUID(), rating: 1, text: '.' }
  const form = new URLSearchParams({ username: 'a@b.test', password: 'x' })
  for (const answer of [
    await soon(noPostgres.call('GET', `/api/contents?${page}`, { token })),
    await soon(noPostgres.call('POST', '/api/reviews', { token, json: review })),
    await soon(noPostgres.call('DELETE', `/api/contents/${crypto.randomUUID()}`, { token })),
    await soon(noPostgres.call('POST', '/api/auth/sign-in', { body: form })),
  ]) {
    expect(answer).toMatchObject(refusal(503, 'UNAVAILABLE', {}))
    expect(answer.headers.get('retry-after')).toBe('1')
  }
})

test('with sessions known but Redis gone the rooms answer 503', async () => {
  const api = await openTestApi(() => ({ redis: dead.redis }))
  const { id, token } = await api.aUser()
  for (const path of [
    `/api/contents/${await api.aContent()}/watching-sessions?${page}`,
    `/api/users/${id}/watching-sessions`,
  ])
    expect(await soon(api.call('GET', path, { token }))).toMatchObject(refusal(503, 'UNAVAILABLE'))
  const reviews = await api.call('GET', `/api/reviews?${page}`, { token })
  expect(reviews.status).toBe(200)
  await api.close()
})

test('a role is not changed when the sessions that have the old one cannot be ended', async () => {
  const api = await openTestApi(() => ({ redis: dead.redis }))
  const [admin, user] = [await api.aUser({ role: 'ADMIN' }), await api.aUser()]
  for (const [path, json] of [
    ['role', { role: 'ADMIN' }],
    ['locked', { locked: true }],
  ] as const)
    expect(await api.call('PATCH', `/api/users/${user.id}/${path}`, { token: admin.token, json })).toMatchObject(
      refusal(503, 'UNAVAILABLE'),
    )
  const { body } = await api.call('GET', `/api/users/${user.id}`, { token: user.token })
  expect(body).toMatchObject({ role: 'USER', locked: false })
  expect(await api.eventsOf(user.id)).toEqual([])
  await api.close()
})

test('a statement beyond its deadline is 504 with Retry-After', async () => {
  const api = await openTestApi((_real, url) => {
    const impatient = openPostgres({ url, poolSize: 2, application: 'impatient', log, queryTimeoutMs: 100 })
    return { db: resources.use('impatient', impatient).db }
  })
  const { token } = await api.aUser()
  await api.db.transaction(async (tx) => {
    await tx.execute(sql`lock table reviews`)
    const answer = await soon(api.call('GET', `/api/reviews?${page}`, { token }))
    expect(answer).toMatchObject(refusal(504, 'TIMEOUT', {}))
    expect(answer.headers.get('retry-after')).toBe('1')
  })
  await api.close()
})

test('right after a migration every request is answered; one with an Idempotency-Key at worst as 503, once', async () => {
  const api = await openTestApi()
  const { token } = await api.aUser()
  const write = async (headers: Record<string, string> = {}) => {
    const json = { contentId: await api.aContent(), rating: 4.5, text: '좋아요' }
    return async () => api.call('POST', '/api/reviews', { token, json, headers })
  }
  const everything = async () => {
    const reads = ['/api/contents', '/api/reviews'].map((path) => api.call('GET', `${path}?${page}`, { token }))
    return Promise.all([...reads, (await write())(), (await write())()])
  }
  for (const change of ['users alter column name type varchar(60)', 'reviews add column mood text']) {
    // As many at once as make all connections plan.
    await Promise.all(Array.from({ length: 10 }, everything))
    await api.db.execute(sql.raw(`alter table ${change}`))
    expect((await everything()).map(({ status }) => status)).toEqual([200, 200, 201, 201])
  }
  await api.db.execute(sql`alter table users alter column name type varchar(70)`)
  const keyed = await write({ 'idempotency-key': crypto.randomUUID() })
  const first = await keyed()
  expect(first).toMatchObject(refusal(503, 'UNAVAILABLE', {}))
  expect(first.headers.get('retry-after')).toBe('1')
  expect((await keyed()).status).toBe(201)
  await api.close()
})

test('what nobody foresaw is 500 without a word about it, and logged with its stack and its request id', async () => {
  const api = await openTestApi(() => ({
    pictures: {
      store: () => Promise.reject(new Error('disk on fire')),
      remove: () => Promise.resolve(),
    },
  }))
  const { token } = await api.aUser({ role: 'ADMIN' })
  const form = new FormData()
  form.append('request', JSON.stringify({ type: 'movie', title: 'a', description: '', tags: [] }))
  form.append('thumbnail', new Blob(['GIF89a']), 'a.gif')
  const answer = await api.call('POST', '/api/contents', { token, body: form })
  expect(answer).toMatchObject(refusal(500, 'INTERNAL', {}))
  expect(JSON.stringify(answer.body)).not.toContain('fire')
  const line = api.lines.map((text) => JSON.parse(text)).find(({ status }) => status === 500)
  expect(line).toMatchObject({ requestId: answer.headers.get('x-request-id'), err: { message: 'disk on fire' } })
  expect(line.err.stack).toContain('bad-days.test.ts')
  await api.close()
})
