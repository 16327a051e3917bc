import { afterAll, expect, test } from 'bun:test'
import { cookiesOf, openTestApi, refusal } from '../testing.ts'

const api = await openTestApi()
afterAll(() => api.close())

const token = 'a-csrf-token-of-the-page'
const refresh = 'REFRESH_TOKEN=whatever'
const csrf = `XSRF-TOKEN=${token}`

/** Cookies, header -> whether an unsafe request may pass. */
const matrix: [string | undefined, string | undefined, boolean][] = [
  [undefined, undefined, true],
  [undefined, token, true],
  ['theme=dark', undefined, true],
  [csrf, token, true],
  [csrf, undefined, false],
  [csrf, 'another-csrf-token-of-same', false],
  [csrf, `${token}x`, false],
  [refresh, undefined, false],
  [refresh, token, false],
  [`${refresh}; ${csrf}`, token, true],
  [`${refresh}; ${csrf}`, undefined, false],
  ['XSRF-TOKEN=', '', false],
  ['XSRF-TOKEN=short', 'short', false],
]

test.each(matrix)('with cookies %p and header %p an unsafe request passes: %p', async (cookie, header, passes) => {
  const headers = { ...(cookie && { cookie }), ...(header !== undefined && { 'X-XSRF-TOKEN': header }) }
  const answer = await api.call('POST', '/api/auth/sign-out', { headers })
  if (passes) expect(answer.status).toBe(204)
  else expect(answer).toMatchObject(refusal(403, 'CSRF_MISMATCH', {}))
})

test('a safe request needs no header', async () => {
  expect((await api.call('GET', '/api/auth/csrf-token', { headers: { cookie: csrf } })).status).toBe(204)
})

test('the first answer sets the cookie, readable by scripts; later ones leave it', async () => {
  const first = await api.call('GET', '/api/contents')
  expect(cookiesOf(first)['XSRF-TOKEN']).toMatch(/^[\w-]{43}$/)
  expect(first.headers.getSetCookie()[0]).not.toContain('HttpOnly')
  const later = await api.call('GET', '/api/contents', { headers: { cookie: csrf } })
  expect(later.headers.getSetCookie()).toEqual([])
})

test.each(['/', '/api/docs', '/api/openapi.json', '/api/nothing', '/oauth2/authorization/google'])(
  'whatever is asked for first, the answer brings the cookie: %s',
  async (path) => expect(cookiesOf(await api.call('GET', path))['XSRF-TOKEN']).toMatch(/^[\w-]{43}$/),
)

test('GET csrf-token sets the cookie once more to who has it', async () => {
  const answer = await api.call('GET', '/api/auth/csrf-token', { headers: { cookie: csrf } })
  expect(cookiesOf(answer)).toEqual({ 'XSRF-TOKEN': token })
})

test('the cookie outlives the browser, and is there as long as the session can be refreshed', async () => {
  const { refreshToken } = await api.aUser()
  const headers = { cookie: `REFRESH_TOKEN=${refreshToken}; ${csrf}`, 'X-XSRF-TOKEN': token }
  const answer = await api.call('POST', '/api/auth/refresh', { headers })
  expect(answer.status).toBe(200)
  expect(cookiesOf(answer)['XSRF-TOKEN']).toBe(token)
  const lifetimes = answer.headers.getSetCookie().map((cookie) => /Max-Age=\d+/.exec(cookie)?.[0])
  expect(lifetimes).toEqual(['Max-Age=1209600', 'Max-Age=1209600'])
  const first = await api.call('GET', '/api/contents')
  expect(first.headers.getSetCookie()[0]).toContain('Max-Age=1209600')
})
