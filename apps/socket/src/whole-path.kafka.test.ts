/** The socket among the real others: api, worker, PostgreSQL, Redis, Kafka. What it asks the api for is asked for here. */
import type { DirectMessageDto, WatchMessage } from '@mopl/contracts/realtime'
import { newId } from '@mopl/infrastructure/ids'
import { eventually, type TestApp } from '@mopl/infrastructure/testing'
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { openStream } from './testing/event-source.ts'
import { StompClient } from './testing/stomp-client.ts'
import { json, openSystem, type System } from './testing/system.ts'

setDefaultTimeout(60_000)

let system: System
let one: TestApp
let two: TestApp

beforeAll(async () => {
  system = await openSystem()
  await system.startWorker()
  ;[one, two] = await Promise.all([system.startSocket(), system.startSocket()])
})
afterAll(() => system.close())

const call: System['call'] = (...args) => system.call(...args)
const signUp: System['signUp'] = (name) => system.signUp(name)

const signInAdmin = () => system.signIn(system.admin.email, system.admin.password)

async function aContent(): Promise<string> {
  const { token } = await signInAdmin()
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
  await eventually(
    'the count has arrived',
    async () => {
      const content = (await call(ann.token, `/api/contents/${contentId}`)) as { watcherCount: number }
      return content.watcherCount === 2
    },
    20_000,
  )
})

test('R1 a content that does not exist is refused as such', async () => {
  const ann = await signUp('Ann')
  const client = await StompClient.signIn(one.url, ann.token)
  client.send(`SUBSCRIBE\nid:1\ndestination:/sub/contents/${newId()}/watch\n\n`)
  expect((await client.next('ERROR')).body).toContain('CONTENT_NOT_FOUND')
})

test('R14 deleting a content closes its room: who watches leaves, and nothing more can be said', async () => {
  const [contentId, ann, bob] = await Promise.all([aContent(), signUp('Ann'), signUp('Bob')])
  const watchers = await Promise.all([StompClient.signIn(one.url, ann.token), StompClient.signIn(two.url, bob.token)])
  for (const watcher of watchers) await watcher.subscribe(`/sub/contents/${contentId}/watch`)
  await call((await signInAdmin()).token, `/api/contents/${contentId}`, { method: 'DELETE' })
  for (const watcher of watchers) {
    const isLast = ({ body }: { body: string }) => body.includes('"type":"LEAVE"') && body.includes('"watcherCount":0')
    await watcher.next('MESSAGE', isLast)
    watcher.send(`SEND\ndestination:/pub/contents/${contentId}/chat\n\n{"content":"hello?"}`)
    expect((await watcher.next('ERROR')).body).toContain('CONTENT_NOT_FOUND')
  }
})

test('D1 D2 D3 D4 a direct message is stored, reaches both screens, and the event stream when nobody looks', async () => {
  const [ann, bob, eve] = await Promise.all([signUp('Ann'), signUp('Bob'), signUp('Eve')])
  const id = await system.aConversation(ann, bob)
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
  await fetch(`${system.api.url}/api/users`, json({ name: 'Eva', email, password }))
  const before = await system.signIn(email, password)
  const client = await StompClient.signIn(two.url, before.token)
  const stream = await openStream(one.url, before.token)
  const after = await system.signIn(email, password)
  expect((await client.next('ERROR')).body).toContain('SESSION_ENDED')
  await stream.ended
  await StompClient.signIn(two.url, after.token)
})
