import { afterAll, describe, expect, test } from 'bun:test'
import { contents, idempotencyKeys, outboxEvents, playlists, reviews, users } from '@mopl/infrastructure/tables'
import { eventually } from '@mopl/infrastructure/testing'
import { eq, sql } from 'drizzle-orm'
import type { JwtDto } from './auth/schemas.ts'
import { type Answer, cookiesOf, jwtSecret, openTestApi, type Person, refusal } from './testing.ts'

const api = await openTestApi()
/** A second instance: the same database and Redis, a process memory of its own. */
const other = await openTestApi(() => ({ db: api.db }))
afterAll(async () => {
  await other.close()
  await api.close()
})

const csrf = 'a-csrf-token-of-the-page'

function refresh(refreshToken: string): Promise<Answer> {
  const headers = { cookie: `REFRESH_TOKEN=${refreshToken}; XSRF-TOKEN=${csrf}`, 'X-XSRF-TOKEN': csrf }
  return api.call('POST', '/api/auth/refresh', { headers })
}

describe('a session ends at once on every instance', () => {
  const read = (on: typeof api, { id, token }: Person) => on.call('GET', `/api/users/${id}`, { token })

  /** Both instances know the session, and remember it, when `end` is called. */
  async function endsWith(end: (person: Person) => Promise<unknown>): Promise<void> {
    const person = await api.aUser()
    for (const on of [api, other]) expect((await read(on, person)).status).toBe(200)
    await end(person)
    for (const on of [api, other])
      await eventually('the session is over', async () => (await read(on, person)).status === 401, 1_000)
    expect(await read(other, person)).toMatchObject(refusal(401, 'SESSION_ENDED', {}))
    expect((await refresh(person.refreshToken)).status).toBe(401)
  }

  async function byAdmin(path: string, json: unknown): Promise<(person: Person) => Promise<void>> {
    const { token } = await api.aUser({ role: 'ADMIN' })
    return async ({ id }) => {
      expect((await api.call('PATCH', `/api/users/${id}/${path}`, { token, json })).status).toBe(204)
    }
  }

  test('with a change of role', async () => endsWith(await byAdmin('role', { role: 'ADMIN' })))

  test('with a lock', async () => endsWith(await byAdmin('locked', { locked: true })))

  test('with a sign-in elsewhere', () => endsWith(({ id }) => api.deps.refreshTokens.begin(id)))

  test('with a sign-out', () => endsWith(({ token }) => api.call('POST', '/api/auth/sign-out', { token })))

  test('with the reuse of a refresh token', () =>
    endsWith(async ({ refreshToken }) => {
      const second = cookiesOf(await refresh(refreshToken))['REFRESH_TOKEN']!
      await refresh(second)
      await refresh(refreshToken)
    }))

  test('but goes on where the password was changed', async () => {
    const person = await api.aUser()
    for (const on of [api, other]) expect((await read(on, person)).status).toBe(200)
    const change = { token: person.token, json: { password: 'a new password' } }
    expect((await api.call('PATCH', `/api/users/${person.id}/password`, change)).status).toBe(204)
    for (const on of [api, other]) expect((await read(on, person)).status).toBe(200)
  })
})

describe('a field that is not for the client to set is ignored', () => {
  const foreign = {
    id: crypto.randomUUID(),
    createdAt: '2000-01-01T00:00:00.000Z',
    updatedAt: '2000-01-01T00:00:00.000Z',
  }
  const isOwn = ({ id, createdAt }: { id: string; createdAt: Date }) =>
    id !== foreign.id && createdAt.getTime() > Date.now() - 60_000

  test('at sign-up', async () => {
    const email = `${crypto.randomUUID()}@mopl.test`
    const wanted = {
      ...foreign,
      role: 'ADMIN',
      isLocked: true,
      locked: true,
      passwordHash: 'x',
      authProvider: 'google',
      providerUserId: 'x',
      profileImageKey: '../x',
    }
    const json = { ...wanted, name: '홍길동', email, password: 'correct horse' }
    expect((await api.call('POST', '/api/users', { json })).status).toBe(201)
    const [user] = await api.db.select().from(users).where(eq(users.email, email))
    expect(user).toMatchObject({
      role: 'USER',
      isLocked: false,
      authProvider: 'local',
      providerUserId: null,
      profileImageKey: null,
    })
    expect(user!.passwordHash).toStartWith('$argon2id$')
    expect(isOwn(user!)).toBe(true)
  })

  test('in a review', async () => {
    const [author, victim] = [await api.aUser(), await api.aUser()]
    const json = { ...foreign, contentId: await api.aContent(), rating: 1, text: '.', authorId: victim.id }
    expect((await api.call('POST', '/api/reviews', { token: author.token, json })).status).toBe(201)
    const [review] = await api.db.select().from(reviews).where(eq(reviews.contentId, json.contentId))
    expect(review!.authorId).toBe(author.id)
    expect(isOwn(review!)).toBe(true)
  })

  test('in a playlist', async () => {
    const [owner, victim] = [await api.aUser(), await api.aUser()]
    const json = { ...foreign, title: '목록', description: '', ownerId: victim.id, subscriberCount: 99 }
    expect((await api.call('POST', '/api/playlists', { token: owner.token, json })).status).toBe(201)
    const [playlist] = await api.db.select().from(playlists).where(eq(playlists.ownerId, owner.id))
    expect(playlist!.subscriberCount).toBe(0)
    expect(isOwn(playlist!)).toBe(true)
  })

  test('in a content', async () => {
    const { token } = await api.aUser({ role: 'ADMIN' })
    const title = crypto.randomUUID()
    const body = new FormData()
    const wanted = { ...foreign, thumbnailKey: '../x', externalId: 'x', ratingSum: 9, reviewCount: 9, watcherCount: 9 }
    body.append('request', JSON.stringify({ ...wanted, type: 'movie', title, description: '', tags: [] }))
    expect((await api.call('POST', '/api/contents', { token, body })).status).toBe(201)
    const [content] = await api.db.select().from(contents).where(eq(contents.title, title))
    expect(content).toMatchObject({
      thumbnailKey: null,
      externalId: null,
      ratingSum: 0,
      reviewCount: 0,
      watcherCount: 0,
    })
    expect(isOwn(content!)).toBe(true)
  })
})

describe('a line break smuggled in', () => {
  const evil = 'a\r\nSet-Cookie: evil=1\r\n{"level":60,"msg":"forged"}'
  const encoded = encodeURIComponent(evil)

  test('makes no header and no log line, wherever it stands', async () => {
    const { token, id } = await api.aUser()
    const before = api.lines.length
    const answers = [
      await api.call('GET', `/api/${encoded}`),
      await api.call('GET', `/api/users/${encoded}`, { token }),
      await api.call('GET', `/api/contents?keywordLike=${encoded}&limit=1&sortBy=rate&sortDirection=${encoded}`, {
        token,
      }),
      await api.call('GET', `/oauth2/authorization/${encoded}`),
      await api.call('GET', `/login/oauth2/code/google?state=${encoded}&error=${encoded}`),
      await api.call('GET', '/api/auth/csrf-token', { headers: { cookie: `XSRF-TOKEN=${encoded}` } }),
      await api.call('GET', '/api/contents', { headers: { origin: `https://mopl.example%0d%0aX-Evil: 1` } }),
      await api.call('POST', '/api/users', {
        json: { name: evil, email: `${id}x@mopl.test`, password: 'correct horse' },
      }),
      await api.call('PATCH', `/api/users/${id}`, { token, json: { name: evil } }),
    ]
    for (const { headers } of answers)
      for (const [name, value] of headers) {
        expect(name).not.toMatch(/evil/i)
        if (name === 'set-cookie') expect(value).toMatch(/^(XSRF-TOKEN|OAUTH2_STATE)=[\w-]*;/)
      }
    const lines = api.lines.slice(before)
    expect(lines).toHaveLength(answers.length)
    for (const line of lines) {
      expect(line.trimEnd()).not.toMatch(/[\r\n]/)
      expect(JSON.parse(line)).toMatchObject({ msg: 'request' })
    }
  })
})

test('no secret is in a log line, a metric, an error, an event, or kept beside an Idempotency-Key', async () => {
  const email = `${crypto.randomUUID()}@mopl.test`
  const [password, wrong, temporary, next] = [
    'the first secret',
    'the wrong secret',
    'the mailed secret',
    'the next secret',
  ]
  const secrets = new Set<string>([password, wrong, temporary, next, jwtSecret, csrf])
  const errors: unknown[] = []
  async function tried(answer: Promise<Answer>): Promise<Answer> {
    const { status, body } = await answer
    if (status >= 400) errors.push(body)
    const { REFRESH_TOKEN: token = '', 'XSRF-TOKEN': csrfToken = '' } = cookiesOf(await answer)
    for (const secret of [token, token.split('.')[2] ?? '', csrfToken]) if (secret !== '') secrets.add(secret)
    const accessToken = (body as Partial<JwtDto> | undefined)?.accessToken
    if (accessToken !== undefined) for (const part of [accessToken, accessToken.split('.')[2]!]) secrets.add(part)
    return answer
  }
  const signIn = (secret: string) =>
    tried(api.call('POST', '/api/auth/sign-in', { body: new URLSearchParams({ username: email, password: secret }) }))
  const signUp = (headers = {}) =>
    tried(api.call('POST', '/api/users', { json: { name: '홍길동', email, password }, headers }))
  const refreshWith = (token: string) => tried(refresh(token))

  // The database refuses the row, and tells every column of it.
  await api.db.execute(sql`alter table users add constraint ck_broken check (false) not valid`)
  expect((await signUp()).status).toBe(500)
  await api.db.execute(sql`alter table users drop constraint ck_broken`)
  const key = { 'Idempotency-Key': crypto.randomUUID() }
  expect((await signUp(key)).status).toBe(201)
  await signUp(key)
  await signUp()
  await signIn(wrong)
  const first = await signIn(password)
  const { userDto, accessToken: token } = first.body as JwtDto
  const firstRefresh = cookiesOf(first)['REFRESH_TOKEN']!
  const secondRefresh = cookiesOf(await refreshWith(firstRefresh))['REFRESH_TOKEN']!
  await refreshWith(`${secondRefresh}x`)
  await tried(api.call('POST', '/api/auth/reset-password', { json: { email } }))
  const temporaryPasswordHash = await api.deps.passwords.hash(temporary)
  const temporaryPasswordExpiresAt = new Date(Date.now() + 60_000)
  await api.db.update(users).set({ temporaryPasswordHash, temporaryPasswordExpiresAt }).where(eq(users.id, userDto.id))
  const { accessToken } = (await signIn(temporary)).body as JwtDto
  const path = `/api/users/${userDto.id}/password`
  for (const call of [
    { token: accessToken, json: { password: `${next}\0` } },
    { token: accessToken, json: { password: [next] } },
    { token: accessToken, body: `{"password":"${next}"`, headers: { 'content-type': 'application/json' } },
    { token: accessToken, body: `password=${next}` },
    { token, json: { password: next } },
    { token: `${accessToken}x`, json: { password: next } },
    { token: accessToken, json: { password: next } },
  ])
    await tried(api.call('PATCH', path, call))
  await refreshWith(firstRefresh)
  await tried(api.call('GET', `/api/users/${userDto.id}?token=${token}`))
  await tried(api.call('POST', '/api/auth/sign-out', { token: accessToken }))

  const rows = await api.db.select().from(users).where(eq(users.id, userDto.id))
  for (const { passwordHash, temporaryPasswordHash: hash } of rows)
    for (const secret of [passwordHash, hash, temporaryPasswordHash]) if (secret !== null) secrets.add(secret)
  expect(secrets.size).toBeGreaterThan(18)
  const told = {
    log: api.lines.join(''),
    metrics: await api.registry.metrics(),
    errors: JSON.stringify(errors),
    events: JSON.stringify(await api.db.select().from(outboxEvents)),
    answers: JSON.stringify(await api.db.select().from(idempotencyKeys)),
  }
  expect(errors.length).toBeGreaterThan(9)
  for (const [place, text] of Object.entries(told))
    for (const secret of secrets)
      expect({ place, secret, found: text.includes(secret) }).toEqual({ place, secret, found: false })
  expect(told.log).not.toContain('$argon2id$')
})
