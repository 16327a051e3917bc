import { afterAll, describe, expect, test } from 'bun:test'
import { redisKeys } from '@mopl/contracts/redis-keys'
import { eventually } from '@mopl/infrastructure/testing'
import { type Answer, cookiesOf, jwtSecret, openTestApi, refusal } from '../testing.ts'
import { createRefreshTokens } from './refresh-tokens.ts'

const api = await openTestApi()
afterAll(() => api.close())

/** What the page does: both cookies, and the CSRF token repeated in the header. */
function withCookies(path: string, refreshToken: string): Promise<Answer> {
  const csrf = 'a-csrf-token-of-the-page'
  return api.call('POST', path, {
    headers: { cookie: `REFRESH_TOKEN=${refreshToken}; XSRF-TOKEN=${csrf}`, 'X-XSRF-TOKEN': csrf },
  })
}

function refresh(refreshToken: string): Promise<Answer> {
  return withCookies('/api/auth/refresh', refreshToken)
}

function refreshTokenOf(answer: Answer): string {
  return cookiesOf(answer)['REFRESH_TOKEN']!
}

describe('refresh', () => {
  test('rotates the token and answers as sign-in does', async () => {
    const { id, email, refreshToken } = await api.aUser()
    const answer = await refresh(refreshToken)
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ userDto: { id, email }, accessToken: expect.any(String) })
    expect(refreshTokenOf(answer)).not.toBe(refreshToken)
    expect((await refresh(refreshTokenOf(answer))).status).toBe(200)
  })

  test('of two tabs at once gives both the same token', async () => {
    const { refreshToken } = await api.aUser()
    const answers = await Promise.all([refresh(refreshToken), refresh(refreshToken), refresh(refreshToken)])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(new Set(answers.map(refreshTokenOf)).size).toBe(1)
  })

  test('with a token used before ends the session of thief and victim', async () => {
    const { id, token, refreshToken } = await api.aUser()
    const second = refreshTokenOf(await refresh(refreshToken))
    const third = refreshTokenOf(await refresh(second))
    expect(await refresh(refreshToken)).toMatchObject(refusal(401, 'INVALID_TOKEN'))
    expect(await refresh(third)).toMatchObject(refusal(401, 'INVALID_TOKEN'))
    await eventually(
      'the access token is void',
      async () => (await api.call('GET', `/api/users/${id}`, { token })).status === 401,
    )
  })

  test('with the previous token after the time for a retry is reuse', async () => {
    const impatient = createRefreshTokens({ redis: api.redis, jwtSecret, retryMs: 0 })
    const { id, refreshToken } = await api.aUser()
    await impatient.rotate(refreshToken)
    expect(await impatient.rotate(refreshToken).catch((error: unknown) => error)).toMatchObject({
      code: 'INVALID_TOKEN',
    })
    await eventually('the session is over', async () => (await api.redis.exists(redisKeys.authSession(id))) === 0)
  })

  test('with a made-up secret ends the session', async () => {
    const { id, refreshToken } = await api.aUser()
    const [userId, deviceId] = refreshToken.split('.')
    expect((await refresh(`${userId}.${deviceId}.${'A'.repeat(43)}`)).status).toBe(401)
    expect(await api.redis.exists(redisKeys.authSession(id))).toBe(0)
  })

  test('without a cookie, or with nonsense in it, is 401', async () => {
    expect(await api.call('POST', '/api/auth/refresh')).toMatchObject(refusal(401, 'UNAUTHENTICATED'))
    for (const nonsense of ['x', 'a.b.c', `${crypto.randomUUID()}.${crypto.randomUUID()}.${'A'.repeat(43)}`])
      expect(await refresh(nonsense)).toMatchObject(refusal(401, 'INVALID_TOKEN'))
  })

  test('after a sign-in elsewhere is 401', async () => {
    const { id, refreshToken } = await api.aUser()
    const elsewhere = await api.deps.refreshTokens.begin(id)
    expect((await refresh(refreshToken)).status).toBe(401)
    expect((await refresh(elsewhere.refreshToken)).status).toBe(200)
  })

  test('stores no secret', async () => {
    const { id, refreshToken } = await api.aUser()
    const [, deviceId, secret] = refreshToken.split('.')
    const stored = await api.redis.hgetall(redisKeys.refreshToken(id, deviceId!))
    expect(JSON.stringify(stored)).not.toContain(secret!)
    expect(await api.redis.ttl(redisKeys.refreshToken(id, deviceId!))).toBeGreaterThan(1_200_000)
  })
})

describe('sign-out', () => {
  test('by cookie ends the session and clears the cookie', async () => {
    const { id, token, refreshToken } = await api.aUser()
    const answer = await withCookies('/api/auth/sign-out', refreshToken)
    expect(answer.status).toBe(204)
    expect(cookiesOf(answer)['REFRESH_TOKEN']).toBe('')
    expect(await api.redis.exists(redisKeys.authSession(id))).toBe(0)
    expect((await refresh(refreshToken)).status).toBe(401)
    expect((await api.call('GET', `/api/users/${id}`, { token })).status).toBe(401)
  })

  test('by bearer ends the session', async () => {
    const { id, token, refreshToken } = await api.aUser()
    expect((await api.call('POST', '/api/auth/sign-out', { token })).status).toBe(204)
    expect(await api.redis.exists(redisKeys.authSession(id))).toBe(0)
    expect((await refresh(refreshToken)).status).toBe(401)
  })

  test('without a session is 204 as well', async () => {
    expect((await api.call('POST', '/api/auth/sign-out')).status).toBe(204)
    expect((await api.call('POST', '/api/auth/sign-out', { token: 'nonsense' })).status).toBe(204)
    expect((await withCookies('/api/auth/sign-out', 'nonsense')).status).toBe(204)
  })

  test('with an old session leaves the one elsewhere alone', async () => {
    const { id, token, refreshToken } = await api.aUser()
    const elsewhere = await api.deps.refreshTokens.begin(id)
    await api.call('POST', '/api/auth/sign-out', { token })
    await withCookies('/api/auth/sign-out', refreshToken)
    expect(await api.redis.get(redisKeys.authSession(id))).toBe(elsewhere.sessionId)
  })
})
