/** The socket among the real others: an api and a worker with a database, topics and accounts of their own. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newId } from '@mopl/infrastructure/ids'
import { createTestDatabase, startApp, type TestApp, testEnv } from '@mopl/infrastructure/testing'

export type Account = { id: string; name: string; token: string }
type Init = { method?: string; headers?: Record<string, string>; body?: string | FormData }

export type System = {
  api: TestApp
  admin: { email: string; password: string }
  startSocket(): Promise<TestApp>
  startWorker(): Promise<TestApp>
  /** @throws {Error} for any answer but success */
  call(token: string, path: string, init?: Init): Promise<unknown>
  signIn(email: string, password: string): Promise<Account>
  signUp(name: string): Promise<Account>
  aConversation(one: Account, other: Account): Promise<string>
  close(): Promise<void>
}

export type SystemOptions = {
  /** Where the processes find the brokers, instead of where they are: a door in front of them. */
  kafkaBrokers?: string
  /** Likewise for PostgreSQL: given where it is, answers where the processes find it. */
  databaseBehind?: (url: string) => Promise<string>
}

export const json = (body: object): Init => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

export async function openSystem({
  kafkaBrokers = testEnv('KAFKA_BROKERS'),
  databaseBehind = async (url) => url,
}: SystemOptions = {}): Promise<System> {
  const database = await createTestDatabase()
  const mediaDir = await mkdtemp(join(tmpdir(), 'mopl-socket-'))
  const prefix = `t${newId().slice(-12)}.`
  const admin = { email: `admin-${newId()}@mopl.example`, password: 'admin password' }
  const common = {
    DATABASE_URL: await databaseBehind(database.url),
    REDIS_URL: testEnv('REDIS_URL'),
    KAFKA_BROKERS: kafkaBrokers,
    KAFKA_TOPIC_PREFIX: prefix,
    KAFKA_GROUP_PREFIX: prefix,
    JWT_SECRET: 'a secret of this test, long enough for all',
    ALLOWED_ORIGINS: '',
    MEDIA_DIR: mediaDir,
    COOKIE_SECURE: 'false',
    ADMIN_EMAIL: admin.email,
    ADMIN_PASSWORD: admin.password,
    ADMIN_NAME: 'Admin',
  }
  const closers = [() => database.close(), () => rm(mediaDir, { recursive: true })]
  const start = async (app: 'api' | 'socket' | 'worker', env = {}) => {
    const started = await startApp(app, { ...common, ...env })
    closers.push(() => started.close())
    return started
  }
  const api = await start('api')

  const call = async (token: string, path: string, init: Init = {}): Promise<unknown> => {
    const headers = { ...init.headers, authorization: `Bearer ${token}` }
    const response = await fetch(api.url + path, { ...init, headers })
    const text = await response.text()
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  const signIn = async (email: string, password: string): Promise<Account> => {
    const body = new URLSearchParams({ username: email, password })
    const response = await fetch(`${api.url}/api/auth/sign-in`, { method: 'POST', body })
    const { accessToken, userDto } = (await response.json()) as {
      accessToken: string
      userDto: { id: string; name: string }
    }
    return { id: userDto.id, name: userDto.name, token: accessToken }
  }
  return {
    api,
    admin,
    startSocket: () => start('socket', { API_URL: api.url }),
    startWorker: () => start('worker'),
    call,
    signIn,
    async signUp(name) {
      const [email, password] = [`${name}-${newId()}@mopl.example`.toLowerCase(), 'password of a test']
      await fetch(`${api.url}/api/users`, json({ name, email, password }))
      return signIn(email, password)
    },
    async aConversation(one, other) {
      const { id } = (await call(one.token, '/api/conversations', json({ withUserId: other.id }))) as { id: string }
      return id
    },
    async close() {
      for (const close of closers.toReversed()) await close()
    },
  }
}
