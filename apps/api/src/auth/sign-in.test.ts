import { afterAll, describe, expect, test } from 'bun:test'
import { channels, redisKeys } from '@mopl/contracts/redis-keys'
import { openSubscriber } from '@mopl/infrastructure/redis'
import { users } from '@mopl/infrastructure/tables'
import { eventually, testEnv } from '@mopl/infrastructure/testing'
import { eq } from 'drizzle-orm'
import { type Answer, openTestApi, refusal } from '../testing.ts'
import type { JwtDto } from './schemas.ts'

const api = await openTestApi()
afterAll(() => api.close())

const password = 'correct horse'

async function signUp(): Promise<{ id: string; email: string }> {
  const email = `${crypto.randomUUID()}@mopl.test`
  const { status, body } = await api.call('POST', '/api/users', { json: { name: '홍길동', email, password } })
  expect(status).toBe(201)
  return { id: (body as { id: string }).id, email }
}

function signIn(username: string, secret = password): Promise<Answer> {
  return api.call('POST', '/api/auth/sign-in', { body: new URLSearchParams({ username, password: secret }) })
}

function tokenOf(answer: Answer): string {
  return (answer.body as JwtDto).accessToken
}

describe('sign-in', () => {
  test('answers the user and an access token, and sets an HttpOnly refresh cookie', async () => {
    const { id, email } = await signUp()
    const answer = await signIn(email)
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({
      userDto: { id, createdAt: expect.any(String), email, name: '홍길동', role: 'USER', locked: false },
      accessToken: expect.any(String),
    })
    const cookie = answer.headers.getSetCookie().find((line) => line.startsWith('REFRESH_TOKEN='))
    expect(cookie).toMatch(/HttpOnly/)
    expect(cookie).toMatch(/SameSite=Lax/)
    expect(cookie).toMatch(/Max-Age=1209600/)
    expect((await api.call('GET', `/api/users/${id}`, { token: tokenOf(answer) })).status).toBe(200)
  })

  test('does not mind the case of the e-mail', async () => {
    const { email } = await signUp()
    expect((await signIn(email.toUpperCase())).status).toBe(200)
  })

  test('knows one spelling of the e-mail only, its case aside: guesses at another would be counted apart', async () => {
    const email = `mina-${crypto.randomUUID()}@mopl.test`
    await api.call('POST', '/api/users', { json: { name: '미나', email, password } })
    // To PostgreSQL this letter is a capital i.
    expect(await signIn(email.replace('i', '\u0130'))).toMatchObject(refusal(401, 'INVALID_CREDENTIALS'))
    expect((await signIn(email.replace('i', 'I'))).status).toBe(200)
  })

  test('refuses a wrong password, an empty one and an unknown e-mail alike', async () => {
    const { email } = await signUp()
    for (const answer of [await signIn(email, 'wrong'), await signIn(email, ''), await signIn('nobody@mopl.test')])
      expect(answer).toMatchObject(refusal(401, 'INVALID_CREDENTIALS', {}))
  })

  test('takes as long for an unknown e-mail as for a wrong password', async () => {
    const { email } = await signUp()
    const timeOf = async (username: string) => {
      const startedAt = performance.now()
      await signIn(username, 'wrong')
      return performance.now() - startedAt
    }
    const known = Math.min(await timeOf(email), await timeOf(email), await timeOf(email))
    const unknown = Math.min(await timeOf('a@b.test'), await timeOf('a@b.test'), await timeOf('a@b.test'))
    expect(unknown).toBeGreaterThan(known / 2)
  })

  test('refuses an account without a password', async () => {
    const { email } = await api.aUser()
    expect(await signIn(email)).toMatchObject(refusal(401, 'INVALID_CREDENTIALS'))
  })

  test('tells only whoever knows the password that the account is locked', async () => {
    const { id, email } = await signUp()
    await api.db.update(users).set({ isLocked: true }).where(eq(users.id, id))
    expect(await signIn(email)).toMatchObject(refusal(401, 'ACCOUNT_LOCKED'))
    expect(await signIn(email, 'wrong')).toMatchObject(refusal(401, 'INVALID_CREDENTIALS'))
  })

  test('accepts a temporary password until it expires, and no longer after the password is changed', async () => {
    const { id, email } = await signUp()
    const temporary = { temporaryPasswordHash: await api.deps.passwords.hash('temporary') }
    const give = (expiresAt: number) =>
      api.db
        .update(users)
        .set({ ...temporary, temporaryPasswordExpiresAt: new Date(expiresAt) })
        .where(eq(users.id, id))
    await give(Date.now() - 1)
    expect((await signIn(email, 'temporary')).status).toBe(401)
    await give(Date.now() + 180_000)
    const answer = await signIn(email, 'temporary')
    expect(answer.status).toBe(200)
    const change = { token: tokenOf(answer), json: { password: 'a new password' } }
    expect((await api.call('PATCH', `/api/users/${id}/password`, change)).status).toBe(204)
    expect((await signIn(email, 'temporary')).status).toBe(401)
    expect((await signIn(email, 'a new password')).status).toBe(200)
  })

  test('accepts the right password while a temporary one is made, and refuses it while it is changed', async () => {
    for (const [change, status] of [
      ['temporaryPasswordHash', 200],
      ['passwordHash', 401],
    ] as const) {
      const { id, email } = await signUp()
      const meanwhile = await openTestApi(({ passwords }) => ({
        db: api.db,
        passwords: {
          ...passwords,
          async isRight(...asked) {
            await api.db
              .update(users)
              .set({ [change]: await passwords.hash('another') })
              .where(eq(users.id, id))
            return passwords.isRight(...asked)
          },
        },
      }))
      const body = new URLSearchParams({ username: email, password })
      expect((await meanwhile.call('POST', '/api/auth/sign-in', { body })).status).toBe(status)
      await meanwhile.close()
    }
  })

  test('ends the session elsewhere at once and announces it', async () => {
    const { id, email } = await signUp()
    const log = api.deps.log
    const opened = openSubscriber({ url: testEnv('REDIS_URL'), name: 'auth-test', log })
    const heard: unknown[] = []
    const { subscriber } = opened
    subscriber.on('message', (_channel, message) => heard.push(JSON.parse(message)))
    await subscriber.subscribe(channels.sessionRevoked)
    const first = tokenOf(await signIn(email))
    expect((await api.call('GET', `/api/users/${id}`, { token: first })).status).toBe(200)
    const second = tokenOf(await signIn(email))
    const keepSessionId = await api.redis.get(redisKeys.authSession(id))
    await eventually('the announcement', () =>
      heard.some((revoked) => Bun.deepEquals(revoked, { userId: id, keepSessionId })),
    )
    await eventually('the first session is over', async () => {
      const answer = await api.call('GET', `/api/users/${id}`, { token: first })
      return answer.status === 401 && (answer.body as { exceptionName: string }).exceptionName === 'SESSION_ENDED'
    })
    expect((await api.call('GET', `/api/users/${id}`, { token: second })).status).toBe(200)
    await opened.close()
  })

  test('wants a urlencoded form with both fields', async () => {
    expect(await api.call('POST', '/api/auth/sign-in', { json: { username: 'a', password: 'b' } })).toMatchObject(
      refusal(415, 'UNSUPPORTED_MEDIA_TYPE'),
    )
    expect(
      await api.call('POST', '/api/auth/sign-in', { body: new URLSearchParams({ username: 'a\0b' }) }),
    ).toMatchObject(
      refusal(400, 'INVALID_REQUEST', { username: '사용할 수 없는 문자가 있습니다.', password: '필수 값입니다.' }),
    )
  })
})
