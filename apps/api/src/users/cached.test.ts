import { afterAll, expect, test } from 'bun:test'
import { redisKeys } from '@mopl/contracts/redis-keys'
import { users } from '@mopl/infrastructure/tables'
import { eq } from 'drizzle-orm'
import { createAnswerCache } from '../http/answer-cache.ts'
import { openTestApi, type Person } from '../testing.ts'

const api = await openTestApi(({ redis, log, metrics }) => ({ cache: createAnswerCache({ redis, log, metrics }) }))
afterAll(() => api.close())
const admin = await api.aUser({ role: 'ADMIN' })

async function read({ id }: Pick<Person, 'id'>): Promise<unknown> {
  return (await api.call('GET', `/api/users/${id}`, { token: admin.token })).body
}

test('a user is read from the cache; a change of name, role or lock is seen at once', async () => {
  const user = await api.aUser({ name: '처음' })
  const before = await read(user)
  // What nobody announces shows that the answer is kept.
  await api.db.update(users).set({ name: 'unseen' }).where(eq(users.id, user.id))
  expect(await read(user)).toEqual(before)

  const profile = new FormData()
  profile.append('request', new Blob([JSON.stringify({ name: '다음' })], { type: 'application/json' }))
  await api.call('PATCH', `/api/users/${user.id}`, { token: user.token, body: profile })
  expect(await read(user)).toMatchObject({ name: '다음', role: 'USER' })

  const change = (what: string, json: unknown) =>
    api.call('PATCH', `/api/users/${user.id.toUpperCase()}/${what}`, { token: admin.token, json })
  await change('role', { role: 'ADMIN' })
  expect(await read(user)).toMatchObject({ role: 'ADMIN', locked: false })
  await change('locked', { locked: true })
  expect(await read(user)).toMatchObject({ role: 'ADMIN', locked: true })
})

test('the socket forgets its summary of a changed user with it', async () => {
  const user = await api.aUser()
  const key = redisKeys.userSummaryCache(user.id)
  await api.redis.set(key, '{}', 'EX', 60)
  const profile = new FormData()
  profile.append('request', new Blob([JSON.stringify({ name: '다음' })], { type: 'application/json' }))
  await api.call('PATCH', `/api/users/${user.id}`, { token: user.token, body: profile })
  expect(await api.redis.exists(key)).toBe(0)
})
