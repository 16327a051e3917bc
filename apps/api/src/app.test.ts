import { afterAll, describe, expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { createAccessTokens } from '@mopl/infrastructure/access-tokens'
import { newId } from '@mopl/infrastructure/ids'
import { eventually } from '@mopl/infrastructure/testing'
import { jwtSecret, openTestApi, refusal } from './testing.ts'

const rings: number[] = []
const api = await openTestApi(() => ({ ringOutbox: () => void rings.push(1) }))
afterAll(() => api.close())

const publicOperations = new Set([
  'GET /api/auth/csrf-token',
  'POST /api/auth/sign-in',
  'POST /api/auth/reset-password',
  'POST /api/auth/sign-out',
  'POST /api/auth/refresh',
  'POST /api/users',
])

describe('every operation that is not public', () => {
  const operations = new Set(
    api.app.routes
      .filter(({ method, path }) => method !== 'ALL' && path.startsWith('/api'))
      .map(({ method, path }) => `${method} ${path}`),
  )
  const guarded = [...operations].filter(
    (operation) => !publicOperations.has(operation) && !/^GET \/api\/(openapi|docs)/.test(operation),
  )

  test('is on the list', () => expect(guarded.length).toBeGreaterThan(14))

  test.each(guarded)('%s is 401 without a token, before it looks at anything else', async (operation) => {
    const [method = '', pattern = ''] = operation.split(' ')
    const answer = await api.call(method, pattern.replaceAll(/:\w+/g, 'not-even-a-uuid'))
    expect(answer).toMatchObject(refusal(401, 'UNAUTHENTICATED', {}))
    expect(answer.headers.get('www-authenticate')).toBe('Bearer')
  })
})

describe('a token', () => {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const now = Math.floor(Date.now() / 1_000)

  function forge(header: object, claims: object, secret = jwtSecret, hash = 'sha256'): string {
    const signed = `${encode(header)}.${encode(claims)}`
    return `${signed}.${createHmac(hash, secret).update(signed).digest('base64url')}`
  }

  test('of another algorithm, issuer, audience, secret or time, or without an end, is refused', async () => {
    const { id, sessionId } = await api.aUser()
    const claims = { sub: id, sid: sessionId, role: 'ADMIN', iss: 'mopl', aud: 'mopl-clients', iat: now, exp: now + 60 }
    const { exp: _exp, ...endless } = claims
    const header = { alg: 'HS256', typ: 'JWT' }
    const read = (token: string) => api.call('GET', `/api/users/${id}`, { token })
    expect((await read(forge(header, claims))).status).toBe(200)
    for (const token of [
      `${encode({ alg: 'none' })}.${encode(claims)}.`,
      forge({ alg: 'none' }, claims),
      forge({ alg: 'HS512' }, claims, jwtSecret, 'sha512'),
      forge(header, claims, 'another secret'),
      forge(header, endless),
      forge(header, { ...claims, exp: now - 1 }),
      forge(header, { ...claims, nbf: now + 60 }),
      forge(header, { ...claims, aud: 'others' }),
      forge(header, { ...claims, iss: 'others' }),
      forge(header, { ...claims, role: 'GOD' }),
      forge(header, { ...claims, sub: "' or 1=1" }),
      'nonsense',
    ])
      expect(await read(token)).toMatchObject(refusal(401, 'INVALID_TOKEN', {}))
  })

  test('of a session that never was is refused', async () => {
    const user = { id: newId(), role: 'USER' as const, sessionId: newId() }
    const token = await createAccessTokens(jwtSecret).sign(user)
    expect(await api.call('GET', '/api/reviews', { token })).toMatchObject(refusal(401, 'SESSION_ENDED', {}))
  })

  test('must come as Bearer', async () => {
    const { token } = await api.aUser()
    for (const authorization of [token, `Basic ${token}`, 'Bearer', 'Bearer a b'])
      expect(await api.call('GET', '/api/reviews', { headers: { authorization } })).toMatchObject(
        refusal(401, 'UNAUTHENTICATED'),
      )
  })
})

describe('across origins', () => {
  test('a listed origin may call with cookies, another may not', async () => {
    const from = async (origin: string) =>
      (await api.call('GET', '/api/auth/csrf-token', { headers: { origin } })).headers
    const allowed = await from('https://mopl.example')
    expect(allowed.get('access-control-allow-origin')).toBe('https://mopl.example')
    expect(allowed.get('access-control-allow-credentials')).toBe('true')
    expect((await from('https://evil.example')).get('access-control-allow-origin')).toBeNull()
  })

  test('a cache is told that answers differ by origin, whether there is one or not', async () => {
    for (const headers of [{}, { origin: 'https://mopl.example' }, { origin: 'https://evil.example' }] as const)
      expect((await api.call('GET', '/api/nothing', { headers })).headers.get('vary')).toBe('Origin')
  })

  test('a preflight names methods and headers', async () => {
    const headers = { origin: 'https://mopl.example', 'access-control-request-method': 'PATCH' }
    const answer = await api.call('OPTIONS', '/api/reviews/x', { headers })
    expect(answer.status).toBe(204)
    expect(answer.headers.get('access-control-allow-methods')).toContain('PATCH')
    expect(answer.headers.get('access-control-allow-headers')).toContain('X-XSRF-TOKEN')
  })
})

test('HEAD answers as GET without a body', async () => {
  const { id, token } = await api.aUser()
  expect(await api.call('HEAD', `/api/users/${id}`, { token })).toMatchObject({ status: 200, body: '' })
})

test('answers forbid sniffing and framing', async () => {
  const { headers } = await api.call('GET', '/api/nothing')
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  // The gateway knows whether TLS is spoken, and says it itself.
  expect(headers.get('strict-transport-security')).toBeNull()
  expect(headers.get('x-frame-options')).toBe('SAMEORIGIN')
})

test('a page brings the same headers as every other answer', async () => {
  const { token } = await api.aUser()
  const itsOwn = new Set(['content-type', 'set-cookie', 'x-request-id'])
  const namesOf = ({ headers }: { headers: Headers }) => [...headers.keys()].filter((name) => !itsOwn.has(name))
  const page = await api.call('GET', '/api/reviews?limit=1&sortBy=createdAt&sortDirection=ASCENDING', { token })
  expect(page.status).toBe(200)
  expect(page.headers.get('content-type')).toBe('application/json')
  expect(page.headers.get('vary')).toBe('Origin')
  expect(page.headers.getSetCookie()).toHaveLength(1)
  expect(namesOf(page)).toEqual(namesOf(await api.call('GET', '/api/nothing')))
})

describe('a request', () => {
  const lineOf = (requestId: string | null) =>
    api.lines.map((line) => JSON.parse(line)).filter((line) => line.requestId === requestId)

  test('makes one log line with its id, route pattern, status and user', async () => {
    const { id, token } = await api.aUser()
    const { headers } = await api.call('GET', `/api/users/${newId()}`, { token })
    expect(lineOf(headers.get('x-request-id'))).toMatchObject([
      { method: 'GET', route: '/api/users/:userId', status: 404, userId: id, refusal: 'USER_NOT_FOUND' },
    ])
  })

  test('keeps the id that it comes with when it is sane, and gets another when it is not', async () => {
    const idOf = async (sent: string) =>
      (await api.call('GET', '/api/nothing', { headers: { 'x-request-id': sent } })).headers.get('x-request-id')
    expect(await idOf('0123456789abcdef0123456789abcdef')).toBe('0123456789abcdef0123456789abcdef')
    for (const insane of ['short', 'x'.repeat(65), 'a b c d e f g', '{"level":"fatal"}'])
      expect(await idOf(insane)).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('that succeeds and writes rings for the relay; others do not', async () => {
    const { token, id } = await api.aUser()
    const ringsOf = async (...[method, path, json]: [string, string, unknown?]) => {
      const before = rings.length
      await api.call(method, path, { token, json })
      return rings.length - before
    }
    expect(await ringsOf('GET', `/api/users/${id}`)).toBe(0)
    expect(await ringsOf('POST', '/api/reviews', {})).toBe(0)
    expect(await ringsOf('POST', '/api/reviews', { contentId: await api.aContent(), rating: 1, text: '.' })).toBe(1)
  })
})

describe('the actuator', () => {
  test('says that the process lives and is ready', async () => {
    expect(await api.call('GET', '/actuator/health/liveness')).toMatchObject({ status: 200, body: { status: 'UP' } })
    expect(await api.call('GET', '/actuator/health/readiness')).toMatchObject({
      status: 200,
      body: { status: 'UP', components: { postgres: 'UP', redis: 'UP' } },
    })
  })

  test('counts requests by route pattern, never by path, and refusals from zero', async () => {
    await api.call('GET', `/api/contents/${newId()}`)
    await api.call('GET', `/api/${newId()}`)
    const metrics = await eventually(
      'the scrape',
      async () => (await api.call('GET', '/actuator/prometheus')).body as string,
    )
    expect(metrics).toContain(
      'mopl_http_requests_total{method="GET",route="/api/contents/:contentId",status="401",app="api"}',
    )
    expect(metrics).toContain('route="unmatched",status="404"')
    expect(metrics).toContain('mopl_http_refusals_total{code="INTERNAL",app="api"} 0')
    expect(metrics).not.toMatch(/route="[^"]*[0-9a-f]{8}-/)
  })
})
