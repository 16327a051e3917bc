import { afterAll, expect, test } from 'bun:test'
import { users } from '@mopl/infrastructure/tables'
import { eq } from 'drizzle-orm'
import type { Page } from '../http/page.ts'
import { openTestApi, refusal } from '../testing.ts'
import type { UserDto } from './schemas.ts'

const api = await openTestApi()
afterAll(() => api.close())
const admin = await api.aUser({ role: 'ADMIN', name: '관리자' })

async function list(query: Record<string, string>): Promise<UserDto[]> {
  const page = new URLSearchParams({ limit: '100', sortBy: 'createdAt', sortDirection: 'ASCENDING', ...query })
  const { status, body } = await api.call('GET', `/api/users?${page.toString()}`, { token: admin.token })
  expect(status).toBe(200)
  const { data, totalCount } = body as Page<UserDto>
  expect(totalCount).toBe(data.length)
  return data
}

async function aUserWith(values: Partial<typeof users.$inferInsert>): Promise<string> {
  const { id } = await api.aUser()
  await api.db.update(users).set(values).where(eq(users.id, id))
  return id
}

test('the list has exactly the fields of a user, and no secret', async () => {
  const id = await aUserWith({
    email: 'whole@mopl.test',
    name: '홍길동',
    profileImageKey: 'ab/ab.png',
    passwordHash: 'secret',
    temporaryPasswordHash: 'secret',
  })
  expect(await list({ emailLike: 'whole@' })).toEqual([
    {
      id,
      createdAt: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
      email: 'whole@mopl.test',
      name: '홍길동',
      profileImageUrl: '/media/ab/ab.png',
      role: 'USER',
      locked: false,
    },
  ])
})

test('it filters by a part of the e-mail, by role and by lock, and by all of them at once', async () => {
  const mark = crypto.randomUUID().slice(0, 8)
  const plain = await aUserWith({ email: `plain.${mark}@mopl.test` })
  const locked = await aUserWith({ email: `LOCKED_${mark}@mopl.test`, isLocked: true })
  const chief = await aUserWith({ email: `chief.${mark}@mopl.test`, role: 'ADMIN' })
  const found = async (query: Record<string, string>) => (await list(query)).map(({ id }) => id)
  expect(await found({ emailLike: mark })).toEqual([plain, locked, chief])
  expect(await found({ emailLike: `locked_${mark}` })).toEqual([locked])
  expect(await found({ emailLike: `_${mark}` })).toEqual([locked])
  expect(await found({ emailLike: mark, isLocked: 'true' })).toEqual([locked])
  expect(await found({ emailLike: mark, isLocked: 'false' })).toEqual([plain, chief])
  expect(await found({ emailLike: mark, roleEqual: 'ADMIN' })).toEqual([chief])
  expect(await found({ emailLike: mark, roleEqual: 'ADMIN', isLocked: 'true' })).toEqual([])
  expect(await found({ roleEqual: 'ADMIN' })).toEqual([admin.id, chief])
})

test('it is for admins', async () => {
  const page = 'limit=1&sortBy=name&sortDirection=ASCENDING'
  const { token } = await api.aUser()
  expect(await api.call('GET', `/api/users?${page}`, { token })).toMatchObject(refusal(403, 'FORBIDDEN', {}))
  expect(await api.call('GET', `/api/users?${page}`)).toMatchObject(refusal(401, 'UNAUTHENTICATED', {}))
})

test.each([
  ['isLocked', 'yes'],
  ['isLocked', '1'],
  ['roleEqual', 'GOD'],
  ['emailLike', '\0'],
  ['sortBy', 'password'],
  ['sortBy', 'passwordHash'],
])('it refuses %s=%p', async (name, value) => {
  const page = new URLSearchParams({ limit: '1', sortBy: 'name', sortDirection: 'ASCENDING', [name]: value })
  expect(await api.call('GET', `/api/users?${page.toString()}`, { token: admin.token })).toMatchObject(
    refusal(400, 'INVALID_REQUEST', { [name]: expect.any(String) }),
  )
})
