import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { redisKeys } from '@mopl/contracts/redis-keys'
import { newId } from '@mopl/infrastructure/ids'
import { users } from '@mopl/infrastructure/tables'
import { freePort } from '@mopl/infrastructure/testing'
import { eq } from 'drizzle-orm'
import type { JwtDto } from '../auth/schemas.ts'
import { type Answer, cookiesOf, openTestApi, refusal } from '../testing.ts'
import { follow, type Person, startProvider } from '../testing-providers.ts'
import { createProviders, OAuthEnv } from './configured.ts'
import type { ProviderName } from './providers.ts'
import * as v from 'valibot'

const publicUrl = 'https://mopl.example'
const client = { clientId: 'mopl', clientSecret: 'a secret of the tests' }
const back = (name: ProviderName) => `${publicUrl}/login/oauth2/code/${name}`

const google = await startProvider({ ...client, redirectUri: back('google') })
const kauth = await startProvider({
  ...client,
  redirectUri: back('kakao'),
  routes: { authorization: '/oauth/authorize', token: '/oauth/token' },
})
/** In the shape of Kakao's: it knows members by number. */
let member: Record<string, unknown> = {}
const bearers: string[] = []
const kapi = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch(request) {
    bearers.push(request.headers.get('authorization') ?? '')
    return new URL(request.url).pathname === '/v2/user/me' ? Response.json(member) : new Response(null, { status: 404 })
  },
})

const env = (more: Record<string, string> = {}) =>
  v.parse(OAuthEnv, {
    PUBLIC_URL: publicUrl,
    GOOGLE_CLIENT_ID: client.clientId,
    GOOGLE_CLIENT_SECRET: client.clientSecret,
    GOOGLE_ISSUER: google.issuer,
    KAKAO_CLIENT_ID: client.clientId,
    KAKAO_CLIENT_SECRET: client.clientSecret,
    KAKAO_AUTH_URL: kauth.issuer,
    KAKAO_API_URL: `http://127.0.0.1:${kapi.port}`,
    ...more,
  })
const api = await openTestApi(() => ({ providers: createProviders(env()), publicUrl }))

afterAll(async () => {
  await api.close()
  await Promise.all([google.close(), kauth.close(), kapi.stop(true)])
})

const aPerson = (more: Partial<Person> = {}): Person => {
  const id = crypto.randomUUID()
  return { id, name: '김구글', email: `${id}@gmail.test`, ...more }
}
beforeEach(() => {
  google.person = aPerson()
  kauth.person = aPerson()
})

const locationOf = ({ headers }: Answer) => headers.get('location') ?? ''

/** As far as the provider's answer: where the browser is sent back to, and the cookie that it has. */
async function atProvider(name: ProviderName): Promise<{ returnPath: string; cookie: string }> {
  const begun = await api.call('GET', `/oauth2/authorization/${name}`)
  expect(begun.status).toBe(302)
  const returned = new URL(await follow(locationOf(begun), back(name)))
  return { returnPath: returned.pathname + returned.search, cookie: `OAUTH2_STATE=${cookiesOf(begun)['OAUTH2_STATE']}` }
}

async function signIn(name: ProviderName): Promise<Answer> {
  const { returnPath, cookie } = await atProvider(name)
  return api.call('GET', returnPath, { headers: { cookie } })
}

async function accountOf(providerUserId: string) {
  return (await api.db.select().from(users).where(eq(users.providerUserId, providerUserId)))[0]
}

async function refreshed(answer: Answer): Promise<JwtDto> {
  const csrf = 'a-csrf-token-of-the-page'
  const cookie = `REFRESH_TOKEN=${cookiesOf(answer)['REFRESH_TOKEN']}; XSRF-TOKEN=${csrf}`
  const { body } = await api.call('POST', '/api/auth/refresh', { headers: { cookie, 'X-XSRF-TOKEN': csrf } })
  return body as JwtDto
}

describe('Google', () => {
  test('is asked with state, nonce and PKCE, for our own address', async () => {
    const url = new URL(locationOf(await api.call('GET', '/oauth2/authorization/google')))
    expect(url.origin).toBe(google.issuer)
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      client_id: client.clientId,
      response_type: 'code',
      redirect_uri: back('google'),
      scope: 'openid email profile',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
    })
  })

  test('a first sign-in makes an account without a password and ends at the contents, signed in', async () => {
    const answer = await signIn('google')
    expect([answer.status, locationOf(answer)]).toEqual([302, '/#/contents'])
    const account = await accountOf(google.person!.id)
    expect(account).toMatchObject({
      name: '김구글',
      email: google.person!.email!,
      role: 'USER',
      authProvider: 'google',
      passwordHash: null,
    })
    expect((await api.eventsOf(account!.id)).map(({ type }) => type)).toEqual(['user.registered'])
    const refreshCookie = answer.headers.getSetCookie().find((line) => line.startsWith('REFRESH_TOKEN='))
    expect(refreshCookie).toMatch(/HttpOnly/)
    const { userDto, accessToken } = await refreshed(answer)
    expect(userDto.id).toBe(account!.id)
    expect((await api.call('GET', `/api/users/${account!.id}`, { token: accessToken })).status).toBe(200)
  })

  test('a second sign-in finds the account, whatever its name and e-mail are by now, and ends the session elsewhere', async () => {
    const first = await refreshed(await signIn('google'))
    google.person = { ...google.person!, name: '다른 이름', email: `${crypto.randomUUID()}@gmail.test` }
    const second = await refreshed(await signIn('google'))
    expect(second.userDto).toEqual(first.userDto)
    expect((await api.call('GET', `/api/users/${first.userDto.id}`, { token: first.accessToken })).status).toBe(401)
  })

  test('two first sign-ins at once make one account', async () => {
    const ways = await Promise.all([atProvider('google'), atProvider('google'), atProvider('google')])
    const answers = await Promise.all(
      ways.map(({ returnPath, cookie }) => api.call('GET', returnPath, { headers: { cookie } })),
    )
    expect(answers.map(locationOf)).toEqual(Array(3).fill('/#/contents'))
    expect(await api.db.$count(users, eq(users.providerUserId, google.person!.id))).toBe(1)
  })

  test('does not take over an account with the same e-mail', async () => {
    const { id, email } = await api.aUser()
    google.person = aPerson({ email: email.toUpperCase() })
    const answer = await signIn('google')
    expect(locationOf(answer)).toBe('/#/sign-in?error=email_taken')
    expect(cookiesOf(answer)['REFRESH_TOKEN']).toBeUndefined()
    expect(await api.db.select().from(users).where(eq(users.id, id))).toMatchObject([{ authProvider: 'local' }])
    expect(await accountOf(google.person.id)).toBeUndefined()
  })

  test('an e-mail that Google has not verified makes no account', async () => {
    google.person = aPerson({ emailVerified: false })
    expect(locationOf(await signIn('google'))).toBe('/#/sign-in?error=failed')
    expect(await accountOf(google.person.id)).toBeUndefined()
  })

  test('a locked account stays outside', async () => {
    await signIn('google')
    await api.db.update(users).set({ isLocked: true }).where(eq(users.providerUserId, google.person!.id))
    const answer = await signIn('google')
    expect(locationOf(answer)).toBe('/#/sign-in?error=locked')
    expect(cookiesOf(answer)['REFRESH_TOKEN']).toBeUndefined()
  })

  test('whoever refuses there comes back without an account', async () => {
    google.person = undefined
    expect(locationOf(await signIn('google'))).toBe('/#/sign-in?error=denied')
  })

  test.each([
    ['x', '모플 회원'],
    ['', '모플 회원'],
    ['a\u0000b\r\nc', 'a b  c'],
    ['가'.repeat(60), '가'.repeat(50)],
  ])('the name %j becomes %j', async (name, expected) => {
    google.person = aPerson({ name })
    await signIn('google')
    expect(await accountOf(google.person.id)).toMatchObject({ name: expected })
  })
})

describe('Kakao', () => {
  beforeEach(() => {
    const id = Number.parseInt(newId().replaceAll('-', '').slice(-12), 16)
    member = { id, kakao_account: { profile: { nickname: '라이언' } } }
  })

  test('gives no e-mail, so that the account gets one of nickname and member id', async () => {
    const answer = await signIn('kakao')
    expect(locationOf(answer)).toBe('/#/contents')
    const id = String(member['id'])
    expect(await accountOf(id)).toMatchObject({
      name: '라이언',
      email: `라이언_${id}@kakao.com`,
      authProvider: 'kakao',
    })
    expect(bearers.at(-1)).toMatch(/^Bearer \S+$/)
    expect((await refreshed(answer)).userDto.email).toBe(`라이언_${id}@kakao.com`)
  })

  test('finds the account by the member id when the nickname has changed', async () => {
    const first = await refreshed(await signIn('kakao'))
    member = { ...member, kakao_account: { profile: { nickname: '어피치' } } }
    expect((await refreshed(await signIn('kakao'))).userDto).toEqual(first.userDto)
  })

  test('without a nickname, or with a strange one, still makes an account', async () => {
    member = { id: member['id'] }
    await signIn('kakao')
    expect(await accountOf(String(member['id']))).toMatchObject({
      name: '모플 회원',
      email: `_${String(member['id'])}@kakao.com`,
    })
  })

  test.each([{}, { id: 'text' }, { id: 1.5 }, { msg: 'this access token does not exist', code: -401 }])(
    'answering %j makes no account',
    async (answer) => {
      member = answer
      expect(locationOf(await signIn('kakao'))).toBe('/#/sign-in?error=failed')
    },
  )
})

describe('the way back is closed', () => {
  const expired = '/#/sign-in?error=expired'

  test('for a browser that did not begin', async () => {
    const { returnPath } = await atProvider('google')
    expect(locationOf(await api.call('GET', returnPath))).toBe(expired)
    const other = await atProvider('google')
    expect(locationOf(await api.call('GET', returnPath, { headers: { cookie: other.cookie } }))).toBe(expired)
  })

  test('the second time', async () => {
    const { returnPath, cookie } = await atProvider('google')
    expect(locationOf(await api.call('GET', returnPath, { headers: { cookie } }))).toBe('/#/contents')
    expect(locationOf(await api.call('GET', returnPath, { headers: { cookie } }))).toBe(expired)
  })

  test('after ten minutes', async () => {
    const { returnPath, cookie } = await atProvider('google')
    const key = redisKeys.socialSignIn(cookie.replace('OAUTH2_STATE=', ''))
    expect(await api.redis.ttl(key)).toBeWithin(590, 601)
    await api.redis.del(key)
    expect(locationOf(await api.call('GET', returnPath, { headers: { cookie } }))).toBe(expired)
  })

  test('at another provider than it began with', async () => {
    const { returnPath, cookie } = await atProvider('google')
    const path = returnPath.replace('/google', '/kakao')
    expect(locationOf(await api.call('GET', path, { headers: { cookie } }))).toBe(expired)
  })

  test('with another code, or from another issuer', async () => {
    for (const [pattern, other] of [
      [/code=[^&]+/, 'code=made-up'],
      [/iss=[^&]+/, 'iss=https%3A%2F%2Fevil.example'],
    ] as const) {
      const { returnPath, cookie } = await atProvider('google')
      expect(returnPath).toMatch(pattern)
      const answer = await api.call('GET', returnPath.replace(pattern, other), { headers: { cookie } })
      expect(locationOf(answer)).toBe('/#/sign-in?error=failed')
    }
  })

  test('and no line of the log has the code, the state or the secret', async () => {
    const { returnPath, cookie } = await atProvider('google')
    await api.call('GET', returnPath.replace(/iss=[^&]+/, 'iss=x'), { headers: { cookie } })
    const { code, state } = Object.fromEntries(new URL(returnPath, publicUrl).searchParams)
    expect(api.lines.join('')).toContain('social sign-in failed')
    for (const secret of [code!, state!, client.clientSecret]) expect(api.lines.join('')).not.toContain(secret)
  })
})

describe('a provider', () => {
  test('that is unknown or not configured is 404', async () => {
    const bare = await openTestApi()
    for (const path of ['/oauth2/authorization/naver', '/oauth2/authorization/google', '/login/oauth2/code/kakao'])
      expect(await bare.call('GET', path)).toMatchObject(refusal(404, 'SOCIAL_PROVIDER_NOT_FOUND', {}))
    await bare.close()
  })

  test('that is away is 503, and asked again the next time', async () => {
    const port = await freePort()
    const providers = createProviders(env({ GOOGLE_ISSUER: `http://127.0.0.1:${port}` }))
    const early = await openTestApi(() => ({ providers, publicUrl }))
    expect(await early.call('GET', '/oauth2/authorization/google')).toMatchObject(refusal(503, 'UNAVAILABLE', {}))
    const server = Bun.serve({
      port,
      hostname: '127.0.0.1',
      fetch: () =>
        Response.json({
          issuer: `http://127.0.0.1:${port}`,
          authorization_endpoint: `http://127.0.0.1:${port}/auth`,
          token_endpoint: `http://127.0.0.1:${port}/token`,
          jwks_uri: `http://127.0.0.1:${port}/jwks`,
          response_types_supported: ['code'],
        }),
    })
    expect((await early.call('GET', '/oauth2/authorization/google')).status).toBe(302)
    await server.stop(true)
    await early.close()
  })
})
