/** What the api's tests need: the app on a database of its own and the real Redis, and people who are signed in to it. */
import { expect } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import type { Role } from '@mopl/contracts/access-token'
import type { MoplEvent } from '@mopl/contracts/events'
import { createAccessTokens } from '@mopl/infrastructure/access-tokens'
import { Health } from '@mopl/infrastructure/health'
import { newId } from '@mopl/infrastructure/ids'
import { loggedError } from '@mopl/infrastructure/log-errors'
import { createMetrics } from '@mopl/infrastructure/metrics'
import { openPostgres } from '@mopl/infrastructure/postgres'
import { openRedis, openSubscriber, untilRedisReady } from '@mopl/infrastructure/redis'
import { Resources } from '@mopl/infrastructure/resources'
import { openSessionRegistry } from '@mopl/infrastructure/sessions'
import { contents, outboxEvents, users } from '@mopl/infrastructure/tables'
import { createTestDatabase, testEnv } from '@mopl/infrastructure/testing'
import { eq } from 'drizzle-orm'
import pino from 'pino'
import { createApp } from './app.ts'
import { createPasswords } from './auth/passwords.ts'
import { createRefreshTokens } from './auth/refresh-tokens.ts'
import type { Deps } from './deps.ts'
import { noCache } from './http/answer-cache.ts'
import { createFingerprint } from './http/fingerprint.ts'
import { createNetworks } from '@mopl/infrastructure/networks'
import { defaultRateLimits } from './http/rate-limits.ts'
import { createApiMetrics } from './metrics.ts'
import { createDocument } from './openapi/document.ts'
import { answerCheck } from './openapi/testing-answers.ts'
import { createPictures } from './pictures/pictures.ts'
import { createReencode } from './pictures/reencode.ts'
import { createFolder } from '@mopl/infrastructure/picture-storage'

export const jwtSecret = 'a secret of the tests, long enough'

export type Person = { id: string; name: string; email: string; token: string; sessionId: string; refreshToken: string }
export type TestApi = Awaited<ReturnType<typeof openTestApi>>

/** What `fetch` takes as a body. */
export type Body = NonNullable<ConstructorParameters<typeof Response>[0]>
type Call = { token?: string; json?: unknown; body?: Body; headers?: Record<string, string>; from?: string }
export type Answer = { status: number; headers: Headers; body: unknown }

/** The app, with any of its dependencies replaced by those in `replace`. */
export async function openTestApi(replace: (real: Deps, databaseUrl: string) => Partial<Deps> = () => ({})) {
  const resources = new Resources()
  const lines: string[] = []
  const sink = new Writable({ write: (line, _encoding, done) => (lines.push(String(line)), done()) })
  const log = pino({ serializers: { err: (error: unknown) => loggedError(error) } }, sink)
  const database = resources.use('database', await createTestDatabase())
  const postgres = openPostgres({ url: database.url, poolSize: 4, application: 'api-test', log })
  const { db } = resources.use('postgres', postgres)
  const url = testEnv('REDIS_URL')
  const { redis } = resources.use('redis', openRedis({ url, name: 'api-test', log }))
  const { subscriber } = resources.use('subscriber', openSubscriber({ url, name: 'api-test', log }))
  await untilRedisReady(redis)
  const mediaDir = await mkdtemp(join(tmpdir(), 'mopl-api-'))
  resources.defer('media', () => rm(mediaDir, { recursive: true }))
  const registry = createMetrics('api')
  const real: Deps = {
    db,
    redis,
    // Tests write rows without the api, and share one Redis with databases of their own.
    cache: noCache,
    log,
    metrics: createApiMetrics(registry),
    health: new Health(registry, { postgres: () => postgres.ping(), redis: () => redis.ping() }),
    tokens: createAccessTokens(jwtSecret, { remembered: 20_000 }),
    sessions: await openSessionRegistry(redis, subscriber, log),
    passwords: await createPasswords(),
    refreshTokens: createRefreshTokens({ redis, jwtSecret }),
    pictures: createPictures({ storage: createFolder(mediaDir), reencode: createReencode(), log }),
    bucket: undefined,
    ringOutbox: () => undefined,
    providers: {},
    publicUrl: 'https://mopl.example',
    allowedOrigins: ['https://mopl.example'],
    trustedProxies: createNetworks([]),
    rateLimits: defaultRateLimits,
    fingerprint: createFingerprint(jwtSecret),
    cookieSecure: false,
  }
  const deps = { ...real, ...replace(real, database.url) }
  const app = createApp(deps)
  const problemWith = answerCheck(createDocument(app))
  // The limits per address are those of this test file alone, although Redis is everybody's.
  const remoteAddress = randomAddress()

  /**
   * The answer, its JSON parsed; one that the OpenAPI document does not promise is thrown. A body given as `json` is sent
   * as such; `from` is the other end's address.
   */
  async function call(
    method: string,
    path: string,
    { token, json, body, headers = {}, from = remoteAddress }: Call = {},
  ): Promise<Answer> {
    const init = {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(json !== undefined && { body: JSON.stringify(json) }),
      ...(body !== undefined && { body }),
    }
    const response = await app.request(path, init, { remoteAddress: from })
    const text = await response.text()
    const isJson = text !== '' && response.headers.get('content-type')?.includes('json') === true
    const answer = { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
    const problem = problemWith(method, path.split('?', 1)[0] ?? path, answer)
    if (problem !== undefined) throw new Error(`${method} ${path} breaks the OpenAPI document: ${problem}`)
    return answer
  }

  /** A user with a session, made without the cost of a password hash. */
  async function aUser({ role = 'USER', name = '사용자' }: { role?: Role; name?: string } = {}): Promise<Person> {
    const id = newId()
    const email = `${id}@mopl.test`
    await db.insert(users).values({ id, name, email, role })
    const { sessionId, refreshToken } = await real.refreshTokens.begin(id)
    return { id, name, email, sessionId, refreshToken, token: await real.tokens.sign({ id, role, sessionId }) }
  }

  async function aContent(values: Partial<typeof contents.$inferInsert> = {}): Promise<string> {
    const id = newId()
    await db.insert(contents).values({ id, type: 'movie', title: '제목', description: '설명', ...values })
    return id
  }

  /** The events told about a subject, in order. */
  async function eventsOf(key: string): Promise<MoplEvent[]> {
    const rows = await db
      .select()
      .from(outboxEvents)
      .where(eq(outboxEvents.aggregateid, key))
      .orderBy(outboxEvents.position)
    return rows.map(({ payload }) => payload as MoplEvent)
  }

  const close = () => resources.close((name, error) => log.error({ name, err: error }, 'could not close'))
  return { app, deps, db, redis, registry, mediaDir, lines, call, aUser, aContent, eventsOf, close }
}

/** An IPv6 network of its own, in the range that documentation uses (RFC 9637). */
export function randomAddress(): string {
  const bytes = crypto.getRandomValues(new Uint16Array(3))
  return `3fff:${[...bytes].map((group) => (group & 0xfff).toString(16)).join(':')}::1`
}

/** The cookies that an answer sets, by name. */
export function cookiesOf({ headers }: Answer): Record<string, string> {
  return Object.fromEntries(
    headers.getSetCookie().map((cookie) => {
      const [name = '', value = ''] = (cookie.split(';', 1)[0] ?? '').split('=')
      return [name, value]
    }),
  )
}

/** The answer of a refusal, for `toMatchObject`. */
export function refusal(status: number, exceptionName: string, details?: Record<string, string>) {
  return { status, body: { exceptionName, message: expect.any(String), details: details ?? expect.any(Object) } }
}
