import { afterAll, describe, expect, test } from 'bun:test'
import { redisKeys } from '@mopl/contracts/redis-keys'
import { users } from '@mopl/infrastructure/tables'
import { eventually } from '@mopl/infrastructure/testing'
import { eq } from 'drizzle-orm'
import { openTestApi, refusal } from '../testing.ts'
import { ensureAdmin } from './admin.ts'

const api = await openTestApi()
afterAll(() => api.close())

const newUser = (fields: Record<string, unknown> = {}) => ({
  name: '홍길동',
  email: `${crypto.randomUUID()}@mopl.test`,
  password: 'correct horse',
  ...fields,
})

describe('sign-up', () => {
  test('answers 201 with the user and tells it once', async () => {
    const json = newUser()
    const { status, body } = await api.call('POST', '/api/users', { json })
    const { id } = body as { id: string }
    expect(status).toBe(201)
    expect(body).toEqual({
      id,
      createdAt: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
      email: json.email,
      name: '홍길동',
      role: 'USER',
      locked: false,
    })
    expect(await api.eventsOf(id)).toMatchObject([{ type: 'user.registered', key: id, payload: { userId: id } }])
  })

  test('of the same e-mail in another case is refused, also when both come at once', async () => {
    const json = newUser()
    const answers = await Promise.all([
      api.call('POST', '/api/users', { json }),
      api.call('POST', '/api/users', { json: { ...json, email: json.email.toUpperCase() } }),
    ])
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([201, 409])
    expect(answers.find(({ status }) => status === 409)).toMatchObject(refusal(409, 'EMAIL_TAKEN', {}))
  })

  test('cannot choose its role', async () => {
    const { body } = await api.call('POST', '/api/users', { json: newUser({ role: 'ADMIN', locked: true, id: 'x' }) })
    expect(body).toMatchObject({ role: 'USER', locked: false })
  })

  test.each([
    ['name', 'x', '2자 이상 50자 이하여야 합니다.'],
    ['name', '😀', '2자 이상 50자 이하여야 합니다.'],
    ['name', ' 가 ', '2자 이상 50자 이하여야 합니다.'],
    ['name', 'a\0b', '사용할 수 없는 문자가 있습니다.'],
    ['email', 'not-an-email', '이메일 형식이어야 합니다.'],
    ['email', undefined, '필수 값입니다.'],
    ['password', 'short', '8자 이상 128자 이하여야 합니다.'],
    ['password', 'x'.repeat(129), '8자 이상 128자 이하여야 합니다.'],
    ['password', 12345678, '문자열이어야 합니다.'],
    ['password', null, '문자열이어야 합니다.'],
  ])('with %s %p is refused with the rule and without the value', async (field, value, reason) => {
    const answer = await api.call('POST', '/api/users', { json: newUser({ [field]: value }) })
    expect(answer).toMatchObject(refusal(400, 'INVALID_REQUEST'))
    expect((answer.body as { details: unknown }).details).toEqual({ [field]: reason })
  })
})

describe('a user', () => {
  test('is read by anyone signed in', async () => {
    const [reader, other] = [await api.aUser(), await api.aUser({ name: '다른 사람' })]
    const answer = await api.call('GET', `/api/users/${other.id}`, { token: reader.token })
    expect(answer).toMatchObject({ status: 200, body: { id: other.id, name: '다른 사람' } })
  })

  test('has a picture once there is one', async () => {
    const user = await api.aUser()
    await api.db.update(users).set({ profileImageKey: 'ab/ab.png' }).where(eq(users.id, user.id))
    const { body } = await api.call('GET', `/api/users/${user.id}`, { token: user.token })
    expect(body).toMatchObject({ profileImageUrl: '/media/ab/ab.png' })
  })

  test('that does not exist is 404, an impossible id 400', async () => {
    const { token } = await api.aUser()
    expect(await api.call('GET', `/api/users/${crypto.randomUUID()}`, { token })).toMatchObject(
      refusal(404, 'USER_NOT_FOUND'),
    )
    for (const id of ['1', '%00', 'x'.repeat(3000), "'or 1=1--"])
      expect(await api.call('GET', `/api/users/${id}`, { token })).toMatchObject(
        refusal(400, 'INVALID_REQUEST', { userId: 'UUID 형식이어야 합니다.' }),
      )
  })
})

/** Asserts that REST refuses the session, and that the refresh token is void too. */
async function isSignedOut(user: { id: string; token: string; refreshToken: string }): Promise<void> {
  await eventually('signed out', async () => {
    const { status } = await api.call('GET', `/api/users/${user.id}`, { token: user.token })
    return status === 401
  })
  expect(await api.deps.refreshTokens.rotate(user.refreshToken).catch((error: unknown) => error)).toMatchObject({
    code: 'INVALID_TOKEN',
  })
}

describe('a change of role', () => {
  test('by an admin signs that user out everywhere and is told', async () => {
    const [admin, user] = [await api.aUser({ role: 'ADMIN' }), await api.aUser()]
    expect((await api.call('GET', `/api/users/${user.id}`, { token: user.token })).status).toBe(200)
    const change = { token: admin.token, json: { role: 'ADMIN' } }
    expect((await api.call('PATCH', `/api/users/${user.id}/role`, change)).status).toBe(204)
    await isSignedOut(user)
    expect(await api.eventsOf(user.id)).toMatchObject([
      { type: 'user.role-changed', payload: { userId: user.id, oldRole: 'USER', newRole: 'ADMIN' } },
    ])
  })

  test('to the role it already is changes nothing', async () => {
    const [admin, user] = [await api.aUser({ role: 'ADMIN' }), await api.aUser()]
    const change = { token: admin.token, json: { role: 'USER' } }
    expect((await api.call('PATCH', `/api/users/${user.id}/role`, change)).status).toBe(204)
    expect(await api.redis.get(redisKeys.authSession(user.id))).toBe(user.sessionId)
    expect(await api.eventsOf(user.id)).toEqual([])
  })

  test('is refused to others, for nobody, and to no known role', async () => {
    const [admin, user] = [await api.aUser({ role: 'ADMIN' }), await api.aUser()]
    const path = `/api/users/${user.id}/role`
    const json = { role: 'ADMIN' }
    expect(await api.call('PATCH', path, { token: user.token, json })).toMatchObject(refusal(403, 'FORBIDDEN'))
    expect(await api.call('PATCH', path, { token: admin.token, json: { role: 'GOD' } })).toMatchObject(
      refusal(400, 'INVALID_REQUEST', { role: '다음 중 하나여야 합니다: ("USER" | "ADMIN")' }),
    )
    const nobody = `/api/users/${crypto.randomUUID()}/role`
    expect(await api.call('PATCH', nobody, { token: admin.token, json })).toMatchObject(refusal(404, 'USER_NOT_FOUND'))
  })
})

describe('a lock', () => {
  test('signs that user out everywhere and is told; unlocking is told', async () => {
    const [admin, user] = [await api.aUser({ role: 'ADMIN' }), await api.aUser()]
    const lock = (locked: boolean) =>
      api.call('PATCH', `/api/users/${user.id}/locked`, { token: admin.token, json: { locked } })
    expect((await lock(true)).status).toBe(204)
    await isSignedOut(user)
    expect((await lock(false)).status).toBe(204)
    expect(await api.eventsOf(user.id)).toMatchObject([
      { type: 'user.locked', payload: { locked: true } },
      { type: 'user.locked', payload: { locked: false } },
    ])
  })

  test('is for admins', async () => {
    const user = await api.aUser()
    const answer = await api.call('PATCH', `/api/users/${user.id}/locked`, {
      token: user.token,
      json: { locked: true },
    })
    expect(answer).toMatchObject(refusal(403, 'FORBIDDEN'))
  })
})

describe('a change of password', () => {
  test('keeps the session it was made in', async () => {
    const user = await api.aUser()
    const change = { token: user.token, json: { password: 'a new password' } }
    expect((await api.call('PATCH', `/api/users/${user.id}/password`, change)).status).toBe(204)
    expect((await api.call('GET', `/api/users/${user.id}`, { token: user.token })).status).toBe(200)
  })

  test("of another's account is refused, to admins too", async () => {
    const [admin, user] = [await api.aUser({ role: 'ADMIN' }), await api.aUser()]
    const change = { token: admin.token, json: { password: 'a new password' } }
    expect(await api.call('PATCH', `/api/users/${user.id}/password`, change)).toMatchObject(refusal(403, 'FORBIDDEN'))
  })
})

test('the admin account is created once, by however many instances, and never overwritten', async () => {
  const admin = { name: '관리자', email: 'boss@mopl.test', password: 'first password' }
  await Promise.all([ensureAdmin(api.deps, admin), ensureAdmin(api.deps, admin)])
  await ensureAdmin(api.deps, { ...admin, email: 'BOSS@mopl.test', password: 'second password' })
  const rows = await api.db.select().from(users).where(eq(users.name, '관리자'))
  expect(rows).toHaveLength(1)
  expect(rows[0]).toMatchObject({ role: 'ADMIN' })
  expect(await api.deps.passwords.isRight('first password', rows[0]?.passwordHash)).toBe(true)
})
