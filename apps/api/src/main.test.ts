import { afterAll, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Resources } from '@mopl/infrastructure/resources'
import { createTestDatabase, freePort, startApp, testEnv } from '@mopl/infrastructure/testing'
import type { JwtDto } from './auth/schemas.ts'

const resources = new Resources()
afterAll(() => resources.close((name) => expect.unreachable(name)))
const database = resources.use('database', await createTestDatabase())
const mediaDir = await mkdtemp(join(tmpdir(), 'mopl-api-main-'))
resources.defer('media', () => rm(mediaDir, { recursive: true }))

const env = {
  DATABASE_URL: database.url,
  REDIS_URL: testEnv('REDIS_URL'),
  JWT_SECRET: 'a secret of the tests, long enough',
  ADMIN_EMAIL: 'admin@mopl.test',
  ADMIN_PASSWORD: 'admin password',
  ADMIN_NAME: '관리자',
  MEDIA_DIR: mediaDir,
}

function signIn(url: string): Promise<Response> {
  const body = new URLSearchParams({ username: env.ADMIN_EMAIL, password: env.ADMIN_PASSWORD })
  return fetch(`${url}/api/auth/sign-in`, { method: 'POST', body })
}

test('from the first start the admin can sign in; SIGTERM answers what is in hand and ends it with 0', async () => {
  const app = resources.use('api', await startApp('api', env))
  const jwt = (await (await signIn(app.url)).json()) as JwtDto
  expect(jwt.userDto.role).toBe('ADMIN')
  const inHand = signIn(app.url)
  // A password takes 50 ms to check, so that it is in hand when a request made after it is answered.
  await fetch(`${app.url}/actuator/health/liveness`)
  app.kill('SIGTERM')
  expect((await inHand).status).toBe(200)
  expect(await app.exited).toBe(0)
  expect(app.output()).toContain('"msg":"stopped"')
})

test('a body beyond every limit is 413 and the next request is served', async () => {
  const app = resources.use('api', await startApp('api', env))
  const { accessToken } = (await (await signIn(app.url)).json()) as JwtDto
  const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' }
  const large = await fetch(`${app.url}/api/reviews`, { method: 'POST', headers, body: 'x'.repeat(1_000_000) })
  expect(large.status).toBe(413)
  expect(await large.json()).toMatchObject({ exceptionName: 'PAYLOAD_TOO_LARGE' })
  const chunked = new ReadableStream({
    start(controller) {
      for (let index = 0; index < 10; index += 1) controller.enqueue(new Uint8Array(20_000))
      controller.close()
    },
  })
  expect((await fetch(`${app.url}/api/reviews`, { method: 'POST', headers, body: chunked })).status).toBe(413)
  expect((await signIn(app.url)).status).toBe(200)
  await app.close()
})

test.each<[string, Record<string, string>, RegExp]>([
  ['a missing secret', { JWT_SECRET: '' }, /JWT_SECRET/],
  ['a short admin password', { ADMIN_PASSWORD: 'short' }, /ADMIN_PASSWORD must have at least 8 characters/],
  ['an invalid port', { PORT: 'eighty' }, /PORT/],
  ['no PostgreSQL', { DATABASE_URL: `postgres://127.0.0.1:${await freePort()}/x` }, /ECONNREFUSED/],
])('with %s it says so in one line and refuses to start', async (_what, change, reason) => {
  const output = await startApp('api', { ...env, ...change }).then(
    () => expect.unreachable('it started'),
    (error: unknown) => String(error),
  )
  expect(output).toMatch(reason)
  expect(output).toContain('could not start')
  expect(output).not.toContain('"msg":"started"')
})

test('a port in use is one clear line', async () => {
  const stranger = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('no', { status: 503 }) })
  const failure = await startApp('api', { ...env, PORT: String(stranger.port) }).catch((error: unknown) =>
    String(error),
  )
  expect(failure).toContain('EADDRINUSE')
  await stranger.stop(true)
})
