/** The world of a socket test: people who are signed in, contents that exist, and instances that serve them. */
import { createHmac } from 'node:crypto'
import { tmpdir } from 'node:os'
import { accessTokenAudience, accessTokenIssuer } from '@mopl/contracts/access-token'
import type { ContentSummary, UserSummary } from '@mopl/contracts/realtime'
import { redisKeys } from '@mopl/contracts/redis-keys'
import { createAccessTokens } from '@mopl/infrastructure/access-tokens'
import { newId } from '@mopl/infrastructure/ids'
import { createLog } from '@mopl/infrastructure/log'
import { type Db, openPostgres } from '@mopl/infrastructure/postgres'
import { openRedis, untilRedisReady } from '@mopl/infrastructure/redis'
import { createTestDatabase, startApp, type TestApp, testEnv } from '@mopl/infrastructure/testing'
import type { Redis } from 'ioredis'

const jwtSecret = 'a secret of the socket tests, long enough'
const accessTokens = createAccessTokens(jwtSecret)
/** Longer than any test: what the api would be asked for is put into its Redis caches beforehand. */
const cachedSeconds = 600

export type Person = UserSummary & { sessionId: string; token: string }

export type Setting = {
  redis: Redis
  startSocket(env?: Record<string, string>): Promise<TestApp>
  /** The real one, with a database of its own where nobody and nothing is but what is put into `db`. */
  startApi(): Promise<{ api: TestApp; db: Db }>
  aPerson(given?: { name?: string; profileImageUrl?: string }): Promise<Person>
  aContent(given?: Partial<ContentSummary>): Promise<ContentSummary>
  /** A token of this session that is in force until the given second. */
  tokenOf(person: Person, expiresAt: number): string
  aConversation(one: Person, two: Person): Promise<string>
  close(): Promise<void>
}

/**
 * Nothing listens where the instances look for Kafka and the api, unless `env` says otherwise: what works here works
 * without them.
 */
export async function openSetting(redisUrl = testEnv('REDIS_URL')): Promise<Setting> {
  const log = createLog('test', 'silent')
  const connection = openRedis({ url: redisUrl, name: 'test', log })
  const { redis } = connection
  await untilRedisReady(redis)
  // Everybody comes from this machine, and says more in a second than people do.
  const limits = { MAX_CONNECTIONS_PER_ADDRESS: '100000', MAX_ROOM_MESSAGES_PER_SECOND: '10000' }
  const common = { JWT_SECRET: jwtSecret, REDIS_URL: redisUrl, ALLOWED_ORIGINS: '' }
  const closers = [() => connection.close()]
  const cache = (key: string, text: string) => redis.set(key, text, 'EX', cachedSeconds)
  return {
    redis,
    async startSocket(env = {}) {
      const nobody = { KAFKA_BROKERS: '127.0.0.1:1', API_URL: 'http://127.0.0.1:1' }
      const app = await startApp('socket', { ...common, ...limits, ...nobody, ...env })
      closers.push(() => app.close())
      return app
    },
    async startApi() {
      const database = await createTestDatabase()
      closers.push(() => database.close())
      const postgres = openPostgres({ url: database.url, poolSize: 2, application: 'test', log })
      closers.push(() => postgres.close())
      const admin = { ADMIN_EMAIL: 'admin@mopl.example', ADMIN_PASSWORD: 'admin password', ADMIN_NAME: 'Admin' }
      const own = { DATABASE_URL: database.url, MEDIA_DIR: tmpdir(), COOKIE_SECURE: 'false' }
      const api = await startApp('api', { ...common, ...admin, ...own })
      closers.push(() => api.close())
      return { api, db: postgres.db }
    },
    async aPerson({ name = 'Mina', ...given } = {}) {
      const user = { userId: newId(), name, ...given }
      const sessionId = newId()
      await cache(redisKeys.userSummaryCache(user.userId), JSON.stringify(user))
      await cache(redisKeys.authSession(user.userId), sessionId)
      return { ...user, sessionId, token: await accessTokens.sign({ id: user.userId, role: 'USER', sessionId }) }
    },
    async aContent(given = {}) {
      const plain = {
        type: 'movie',
        title: '기생충',
        description: '',
        tags: [],
        averageRating: 0,
        reviewCount: 0,
      } as const
      const content = { id: newId(), ...plain, tags: ['드라마'], ...given }
      await cache(redisKeys.contentSummaryCache(content.id), JSON.stringify(content))
      return content
    },
    tokenOf({ userId, sessionId }, expiresAt) {
      const claims = { role: 'USER', sid: sessionId, sub: userId, iss: accessTokenIssuer, aud: accessTokenAudience }
      const parts = [{ alg: 'HS256' }, { ...claims, iat: expiresAt - 900, exp: expiresAt }]
      const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
      return `${text}.${createHmac('sha256', jwtSecret).update(text).digest('base64url')}`
    },
    async aConversation(one, two) {
      const id = newId()
      await cache(redisKeys.participantsCache(id), `${one.userId}|${two.userId}`)
      return id
    },
    async close() {
      for (const close of closers.toReversed()) await close()
    },
  }
}
