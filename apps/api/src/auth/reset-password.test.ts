import { afterAll, expect, test } from 'bun:test'
import { newId } from '@mopl/infrastructure/ids'
import { users } from '@mopl/infrastructure/tables'
import { type Answer, openTestApi, randomAddress, refusal } from '../testing.ts'

const api = await openTestApi()
afterAll(() => api.close())

function reset(email: unknown, from?: string): Promise<Answer> {
  return api.call('POST', '/api/auth/reset-password', { json: { email }, ...(from !== undefined && { from }) })
}

test('a reset is answered 204 and told with who it is for, without any secret', async () => {
  const { id, email } = await api.aUser()
  const answer = await reset(` ${email.toUpperCase()} `)
  expect(answer).toMatchObject({ status: 204, body: '' })
  const events = await api.eventsOf(id)
  expect(events).toMatchObject([
    { type: 'user.password-reset-requested', key: id, requestId: answer.headers.get('x-request-id') },
  ])
  expect(events[0]?.payload).toEqual({ userId: id, email })
})

test('an unknown e-mail is 404', async () => {
  expect(await reset('nobody@mopl.test', randomAddress())).toMatchObject(refusal(404, 'USER_NOT_FOUND', {}))
})

test('an account of a social provider has no password to reset', async () => {
  const email = `${newId()}@mopl.test`
  await api.db
    .insert(users)
    .values({ id: newId(), name: '구글', email, authProvider: 'google', providerUserId: newId() })
  expect(await reset(email)).toMatchObject(refusal(404, 'USER_NOT_FOUND'))
})

test('an account is reset three times, then later; so is an unknown one', async () => {
  const { id, email } = await api.aUser()
  for (const [account, status] of [
    [email, 204],
    [`${newId()}@mopl.test`, 404],
  ] as const) {
    for (let times = 0; times < 3; times++) expect((await reset(account, randomAddress())).status).toBe(status)
    const refused = await reset(account, randomAddress())
    expect(refused).toMatchObject(refusal(429, 'TOO_MANY_REQUESTS', {}))
    expect(Number(refused.headers.get('retry-after'))).toBeWithin(290, 301)
  }
  expect(await api.eventsOf(id)).toHaveLength(3)
})

test('one address finds out about few e-mails', async () => {
  const from = randomAddress()
  for (let times = 0; times < 30; times++) expect((await reset(`${newId()}@mopl.test`, from)).status).toBe(404)
  expect((await reset(`${newId()}@mopl.test`, from)).status).toBe(429)
})

test.each([undefined, '', 'nobody', 5, null, 'a\0@b.test'])('%p is no e-mail', async (email) => {
  expect(await reset(email)).toMatchObject(refusal(400, 'INVALID_REQUEST', { email: expect.any(String) }))
})
