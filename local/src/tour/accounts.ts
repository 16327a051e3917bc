/** Journey 1: sign up, sign in, refresh, sign out. */
import type { Guide } from './guide.ts'
import { RestClient } from './rest-client.ts'

export type Visitor = { rest: RestClient; userId: string; name: string; email: string; password: string }
type JwtDto = { userDto: { id: string }; accessToken: string }

export async function signIn(rest: RestClient, email: string, password: string): Promise<string> {
  const jwt = (await rest.call(
    'POST',
    '/api/auth/sign-in',
    200,
    new URLSearchParams({ username: email, password }),
  )) as JwtDto
  rest.accessToken = jwt.accessToken
  return jwt.userDto.id
}

export async function newVisitor(baseUrl: string, name: string): Promise<Visitor> {
  const rest = new RestClient(baseUrl)
  const email = `${crypto.randomUUID()}@tour.mopl.local`
  const password = crypto.randomUUID()
  await rest.call('GET', '/api/auth/csrf-token', 204)
  await rest.call('POST', '/api/users', 201, { name, email, password })
  return { rest, userId: await signIn(rest, email, password), name, email, password }
}

export async function walkAccounts(guide: Guide, baseUrl: string): Promise<void> {
  guide.journey('1. An account')
  const rest = new RestClient(baseUrl)
  const email = `${crypto.randomUUID()}@tour.mopl.local`
  const password = crypto.randomUUID()
  await guide.step('the first answer sets the CSRF cookie', async () => {
    await rest.call('GET', '/api/auth/csrf-token', 204)
    if (rest.cookie('XSRF-TOKEN') === undefined) throw new Error('no XSRF-TOKEN cookie')
  })
  await guide.step('sign up', () => rest.call('POST', '/api/users', 201, { name: '둘러보기', email, password }))
  const userId = await guide.step('sign in', () => signIn(rest, email, password))
  const firstToken = rest.cookie('REFRESH_TOKEN')
  await guide.step('refresh rotates the refresh token', async () => {
    const jwt = (await rest.call('POST', '/api/auth/refresh', 200)) as JwtDto
    rest.accessToken = jwt.accessToken
    if (rest.cookie('REFRESH_TOKEN') === firstToken) throw new Error('the refresh token is still the same')
  })
  await guide.step('the new access token works', () => rest.call('GET', `/api/users/${userId}`, 200))
  await guide.step('sign out', () => rest.call('POST', '/api/auth/sign-out', 204))
  await guide.step('the access token is void at once', () => rest.call('GET', `/api/users/${userId}`, 401))
}
