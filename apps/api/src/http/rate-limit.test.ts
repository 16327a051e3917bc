import { afterAll, describe, expect, test } from 'bun:test'
import { newId } from '@mopl/infrastructure/ids'
import { eventually } from '@mopl/infrastructure/testing'
import { openTestApi, randomAddress, refusal, type Answer } from '../testing.ts'
import { takeOne } from './rate-limit.ts'
import { defaultRateLimits, type RateLimit } from './rate-limits.ts'

const small = { requests: 3, seconds: 600 }
const api = await openTestApi(() => ({
  rateLimits: {
    ...defaultRateLimits,
    signInPerAccountAndAddress: small,
    signUpPerAddress: small,
    refreshPerDevice: small,
  },
}))
const narrow = await openTestApi(() => ({
  rateLimits: { ...defaultRateLimits, signInPerAddress: small, refreshPerAddress: small, signInPerAccount: small },
}))
afterAll(() => Promise.all([api.close(), narrow.close()]))

const password = 'correct horse'
const newUser = () => ({ name: '홍길동', email: `${crypto.randomUUID()}@mopl.test`, password })
const tooMany = refusal(429, 'TOO_MANY_REQUESTS', {})

function signIn(username: string, secret: string, from?: string, on = api): Promise<Answer> {
  const body = new URLSearchParams({ username, password: secret })
  return on.call('POST', '/api/auth/sign-in', from === undefined ? { body } : { body, from })
}

async function statuses(calls: (() => Promise<Answer>)[]): Promise<number[]> {
  const found: number[] = []
  for (const call of calls) found.push((await call()).status)
  return found
}

const times = <T>(n: number, value: T): T[] => Array.from({ length: n }, () => value)

describe('sign-in', () => {
  test('of one account allows a few wrong passwords, then says when to come back, to the right one too', async () => {
    const { email } = newUser()
    const from = randomAddress()
    expect(await statuses(times(3, () => signIn(email, 'wrong', from)))).toEqual([401, 401, 401])
    const refused = await signIn(email, 'wrong', from)
    expect(refused).toMatchObject(tooMany)
    // One in 200 s: three in 600 s.
    expect(Number(refused.headers.get('retry-after'))).toBeWithin(195, 201)
    expect((await signIn(email.toUpperCase(), password, from)).status).toBe(429)
  })

  test('of that account from elsewhere goes on: nobody locks out somebody else', async () => {
    const { email } = newUser()
    const from = randomAddress()
    await statuses(times(4, () => signIn(email, 'wrong', from)))
    expect((await signIn(email, 'wrong', randomAddress())).status).toBe(401)
  })

  test('with the right password does not count', async () => {
    const json = newUser()
    await api.call('POST', '/api/users', { json, from: randomAddress() })
    expect(await statuses(times(6, () => signIn(json.email, password)))).toEqual(times(6, 200))
  })

  test('counts guesses that come all at once', async () => {
    const { email } = newUser()
    const answers = await Promise.all(times(10, '').map(() => signIn(email, 'wrong')))
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(3)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(7)
  })

  test('of one account from many addresses has an end too', async () => {
    const { email } = newUser()
    const guesses = times(4, () => signIn(email, 'wrong', randomAddress(), narrow))
    expect(await statuses(guesses)).toEqual([401, 401, 401, 429])
  })

  test('of many accounts from one address has an end, counted in the metrics', async () => {
    const from = randomAddress()
    const guesses = times(4, () => signIn(newUser().email, 'wrong', from, narrow))
    expect(await statuses(guesses)).toEqual([401, 401, 401, 429])
    expect(await narrow.registry.metrics()).toMatch(/mopl_http_rate_limited_total\{.*limit="signInPerAddress".*\} 1\n/)
  })
})

test('sign-up from one address has an end', async () => {
  const from = randomAddress()
  const signUps = times(4, () => api.call('POST', '/api/users', { json: newUser(), from }))
  expect(await statuses(signUps)).toEqual([201, 201, 201, 429])
})

test('refresh with one device’s tokens has an end, and another device of the address goes on', async () => {
  const refreshWith = (refreshToken: string) => {
    const headers = {
      cookie: `REFRESH_TOKEN=${refreshToken}; XSRF-TOKEN=${'x'.repeat(20)}`,
      'X-XSRF-TOKEN': 'x'.repeat(20),
    }
    return api.call('POST', '/api/auth/refresh', { headers })
  }
  const [one, other] = [await api.aUser(), await api.aUser()]
  expect(await statuses(times(4, () => refreshWith(one.refreshToken)))).toEqual([200, 200, 200, 429])
  expect((await refreshWith(other.refreshToken)).status).toBe(200)
})

test('refresh from one address has an end, also without any token', async () => {
  const from = randomAddress()
  const tries = times(4, () => narrow.call('POST', '/api/auth/refresh', { from }))
  expect(await statuses(tries)).toEqual([401, 401, 401, 429])
})

test('a try fits again when the time that was told has passed', async () => {
  const fast: RateLimit = { requests: 2, seconds: 1 }
  const deps = { ...api.deps, rateLimits: { ...defaultRateLimits, signUpPerAddress: fast } }
  const subject = newId()
  const take = () =>
    takeOne(deps, 'signUpPerAddress', subject).then(
      () => true,
      () => false,
    )
  expect([await take(), await take(), await take()]).toEqual([true, true, false])
  const startedAt = performance.now()
  await eventually('one more fits', take, 2_000)
  expect(performance.now() - startedAt).toBeGreaterThan(300)
})
