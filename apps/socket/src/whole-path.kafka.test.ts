/** The socket among the real others: api, worker, PostgreSQL, Redis, Kafka. What it asks the api for is asked for here. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DirectMessageDto, WatchMessage } from '@mopl/contracts/realtime'
import { newId } from '@mopl/infrastructure/ids'
import { createTestDatabase, eventually, startApp, type TestApp, testEnv } from '@mopl/infrastructure/testing'
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { openStream } from './testing/event-source.ts'
import { StompClient } from './testing/stomp-client.ts'

setDefaultTimeout(60_000)

type Account = { id: string; name: string; token: string }

const admin = { ADMIN_EMAIL: `admin-${newId()}@mopl.example`, ADMIN_PASSWORD: 'admin password', ADMIN_NAME: 'Admin' }
const closers: (() => Promise<void>)[] = []
let api: TestApp
let one: TestApp
let two: TestApp

beforeAll(async () => {
  const database = await createTestDatabase()
  const mediaDir = await mkdtemp(join(tmpdir(), 'mopl-socket-'))
  const prefix = `t${newId().slice(-12)}.`
  const common = {
    DATABASE_URL: database.url,
    REDIS_URL: testEnv('REDIS_URL'),
    KAFKA_BROKERS: testEnv('KAFKA_BROKERS'),
    KAFKA_TOPIC_PREFIX: prefix,
    KAFKA_GROUP_PREFIX: prefix,
    JWT_SECRET: 'a secret of this test, long enough for all',
    ALLOWED_ORIGINS: '',
    MEDIA_DIR: mediaDir,
    COOKIE_SECURE: 'false',
    ...admin,
  }
  closers.push(
    () => database.close(),
    () => rm(mediaDir, { recursive: true }),
  )
  const start = async (app: 'api' | 'socket' | 'worker', env = {}) => {
    const started = await startApp(app, { ...common, ...env })
    closers.push(() => started.close())
    return started
  }
  api = await start('api')
  await start('worker')
  ;[one, two] = await Promise.all([start('socket', { API_URL: api.url }), start('socket', { API_URL: api.url })])
})
afterAll(async () => {
  for (const close of closers.toReversed()) await close()
})

async function call(
  token: string,
  path: string,
  init: { method?: string; headers?: Record<string, string>; body?: string | FormData } = {},
): Promise<unknown> {
  const response = await fetch(api.url + path, {
    ...init,
    headers: { ...init.headers, authorization: `Bearer ${token}` },
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}
const json = (body: object) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

async function signIn(username: string, password: string): Promise<Account> {
  const response = await fetch(`${api.url}/api/auth/sign-in`, {
    method: 'POST',
    body: new URLSearchParams({ username, password }),
  })
  const { accessToken, userDto } = (await response.json()) as {
    accessToken: string
    userDto: { id: string; name: string }
  }
  return { id: userDto.id, name: userDto.name, token: accessToken }
}

async function signUp(name: string): Promise<Account> {
  const [email, password] = [`${name}-${newId()}@mopl.example`.toLowerCase(), 'password of a test']
  await fetch(`${api.url}/api/users`, json({ name, email, password }))
  return signIn(email, password)
}

async function aContent(): Promise<string> {
  const { token } = await signIn(admin.ADMIN_EMAIL, admin.ADMIN_PASSWORD)
  const form = new FormData()
  const request = { type: 'movie', title: '기생충', description: '봉준호', tags: ['드라마'] }
  form.set('request', new Blob([JSON.stringify(request)], { type: 'application/json' }))
  const pixel = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  )
  form.set('thumbnail', new Blob([pixel], { type: 'image/png' }), 'a.png')
  const { id } = (await call(token, '/api/contents', { method: 'POST', body: form })) as { id: string }
  return id
}

test('R1 R3 watching shows in the room, in REST and in the content’s count, with one session id', async () => {
  const [contentId, ann, bob] = await Promise.all([aContent(), signUp('Ann'), signUp('Bob')])
  const watcher = await StompClient.signIn(one.url, ann.token)
  await watcher.subscribe(`/sub/contents/${contentId}/watch`)
  const guest = await StompClient.signIn(two.url, bob.token)
  await guest.subscribe(`/sub/contents/${contentId}/watch`)
  await watcher.nextMessage<WatchMessage>()
  const join = await watcher.nextMessage<WatchMessage>()
  expect(join).toMatchObject({
    type: 'JOIN',
    watcherCount: 2,
    watchingSession: {
      watcher: { userId: bob.id, name: 'Bob' },
      content: { id: contentId, title: '기생충', tags: ['드라마'] },
    },
  })
  const query = 'limit=10&sortBy=createdAt&sortDirection=ASCENDING'
  const page = await call(ann.token, `/api/contents/${contentId}/watching-sessions?${query}`)
  expect(page).toMatchObject({ totalCount: 2, data: [{ watcher: { name: 'Ann' } }, { id: join.watchingSession.id }] })
  expect(await call(ann.token, `/api/users/${bob.id}/watching-sessions`)).toMatchObject({ id: join.watchingSession.id })
  await eventually('the count has arrived', async () => {
    const content = (await call(ann.token, `/api/contents/${contentId}`)) as { watcherCount: number }
    return content.watcherCount === 2
  })
})

test('R1 a content that does not exist is refused as such', async () => {
  const ann = await signUp('Ann')
  const client = await StompClient.signIn(one.url, ann.token)
  client.send(`SUBSCRIBE\nid:1\ndestination:/sub/contents/${newId()}/watch\n\n`)
  expect((await client.next('ERROR')).body).toContain('CONTENT_NOT_FOUND')
})

test('D1 D2 D3 D4 a direct message is stored, reaches both screens, and the event stream when nobody looks', async () => {
  const [ann, bob, eve] = await Promise.all([signUp('Ann'), signUp('Bob'), signUp('Eve')])
  const { id } = (await call(ann.token, '/api/conversations', json({ withUserId: bob.id }))) as { id: string }
  const destination = `conversations/${id}/direct-messages`
  const [sender, receiver, stranger] = await Promise.all([
    StompClient.signIn(one.url, ann.token),
    StompClient.signIn(two.url, bob.token),
    StompClient.signIn(two.url, eve.token),
  ])
  const events = await openStream(one.url, bob.token)
  await Promise.all([sender, receiver].map((client) => client.subscribe(`/sub/${destination}`)))
  stranger.send(`SUBSCRIBE\nid:1\ndestination:/sub/${destination}\n\n`)
  expect((await stranger.next('ERROR')).body).toContain('CONVERSATION_NOT_FOUND')

  const send = (content: string) =>
    sender.send(`SEND\ndestination:/pub/${destination}\nreceipt:${content}\n\n${JSON.stringify({ content })}`)
  send('seen')
  await sender.next('RECEIPT')
  const message = await receiver.nextMessage<DirectMessageDto>('sub-0', 15_000)
  expect(message).toMatchObject({
    conversationId: id,
    sender: { name: 'Ann' },
    receiver: { name: 'Bob' },
    content: 'seen',
  })
  expect(await sender.nextMessage<DirectMessageDto>()).toEqual(message)
  const query = 'limit=10&sortBy=createdAt&sortDirection=DESCENDING'
  expect(await call(bob.token, `/api/${destination}?${query}`)).toMatchObject({ data: [{ id: message.id }] })

  receiver.send('UNSUBSCRIBE\nid:sub-0\nreceipt:closed\n\n')
  await receiver.next('RECEIPT')
  send('unseen')
  const isUnseen = () =>
    events.events.some(({ event, data }) => event === 'direct-messages' && data?.includes('unseen'))
  await eventually('the event', isUnseen)
  expect(events.events.some(({ event, data }) => event === 'direct-messages' && data?.includes('"seen"'))).toBe(false)
  events.close()
})

test('T4 signing in again ends what the session before had open', async () => {
  const [email, password] = [`eva-${newId()}@mopl.example`, 'password of a test']
  await fetch(`${api.url}/api/users`, json({ name: 'Eva', email, password }))
  const before = await signIn(email, password)
  const client = await StompClient.signIn(two.url, before.token)
  const stream = await openStream(one.url, before.token)
  const after = await signIn(email, password)
  expect((await client.next('ERROR')).body).toContain('SESSION_ENDED')
  await stream.ended
  await StompClient.signIn(two.url, after.token)
})
