import type { ContentSummary, WatchMessage } from '@mopl/contracts/realtime'
import { redisKeys } from '@mopl/contracts/redis-keys'
import { eventually, type TestApp } from '@mopl/infrastructure/testing'
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { openSetting, type Person, type Setting } from '../testing/setting.ts'
import { StompClient } from '../testing/stomp-client.ts'

setDefaultTimeout(60_000)

let setting: Setting
let one: TestApp
let two: TestApp

beforeAll(async () => {
  setting = await openSetting()
  ;[one, two] = await Promise.all([setting.startSocket(), setting.startSocket()])
})
afterAll(() => setting.close())

const watch = ({ id }: ContentSummary) => `/sub/contents/${id}/watch`
const chat = ({ id }: ContentSummary) => `/sub/contents/${id}/chat`
const line = ({ id }: ContentSummary, content: string) =>
  `SEND\ndestination:/pub/contents/${id}/chat\n\n${JSON.stringify({ content })}`
const userOf = ({ userId, name }: Person) => ({ userId, name })

/** A room with one watcher on instance one, who has seen its own JOIN. */
async function aRoom() {
  const [content, host] = await Promise.all([setting.aContent(), setting.aPerson({ name: 'Host' })])
  const client = await StompClient.signIn(one.url, host.token)
  await client.subscribe(watch(content))
  const join = await client.nextMessage<WatchMessage>()
  return { content, host, client, join }
}

test('R1 R2 R5 subscribing is joining: the joiner sees its own JOIN in the contract’s shape', async () => {
  const { content, host, join } = await aRoom()
  expect(join).toEqual({
    type: 'JOIN',
    watchingSession: {
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      watcher: userOf(host),
      content,
    },
    watcherCount: 1,
  })
})

test('R1 R3 JOIN, chat and LEAVE cross from one instance to the other, with one session id', async () => {
  const { content, client: host } = await aRoom()
  const guest = await setting.aPerson({ name: 'Guest', profileImageUrl: '/media/guest.png' })
  const visitor = await StompClient.signIn(two.url, guest.token, { framing: 'raw' })
  visitor.send(`SUBSCRIBE\nid:sub-0\ndestination:${watch(content)}\n\n`)
  visitor.send(`SUBSCRIBE\nid:sub-1\ndestination:${chat(content)}\nreceipt:both\n\n`)
  await visitor.next('RECEIPT')
  const join = await host.nextMessage<WatchMessage>()
  expect(join).toMatchObject({ type: 'JOIN', watcherCount: 2, watchingSession: { watcher: { name: 'Guest' } } })
  expect(join.watchingSession.watcher.profileImageUrl).toBe('/media/guest.png')

  await host.subscribe(chat(content), 'sub-7')
  host.send(line(content, '안녕 "여러분" \\ 👋'))
  const sent = { sender: { userId: expect.any(String), name: 'Host' }, content: '안녕 "여러분" \\ 👋' }
  expect(await host.nextMessage('sub-7')).toEqual(sent)
  expect(await visitor.nextMessage('sub-1')).toEqual(sent)

  const stored = await setting.redis.hget(redisKeys.room(content.id), guest.userId)
  expect(JSON.parse(stored ?? '{}')).toMatchObject({ id: join.watchingSession.id })
  visitor.send('DISCONNECT\nreceipt:bye\n\n')
  expect((await visitor.next('RECEIPT')).headers['receipt-id']).toBe('bye')
  const leave = await host.nextMessage<WatchMessage>()
  expect(leave).toMatchObject({ type: 'LEAVE', watcherCount: 1, watchingSession: { id: join.watchingSession.id } })
})

test('R3 two tabs on two instances are one watcher: no second JOIN, LEAVE only with the last', async () => {
  const { content, client: witness } = await aRoom()
  const guest = await setting.aPerson()
  const tabs = await Promise.all([one, two].map(({ url }) => StompClient.signIn(url, guest.token)))
  for (const tab of tabs) await tab.subscribe(watch(content))
  expect(await witness.nextMessage<WatchMessage>()).toMatchObject({ type: 'JOIN', watcherCount: 2 })
  tabs[0]!.send('UNSUBSCRIBE\nid:sub-0\nreceipt:out\n\n')
  await tabs[0]!.next('RECEIPT')
  // A third person's JOIN comes after whatever the first tab's leaving would have caused.
  const third = await StompClient.signIn(two.url, (await setting.aPerson()).token)
  await third.subscribe(watch(content))
  expect(await witness.nextMessage<WatchMessage>()).toMatchObject({ type: 'JOIN', watcherCount: 3 })
  tabs[1]!.send('UNSUBSCRIBE\nid:sub-0\n\n')
  expect(await witness.nextMessage<WatchMessage>()).toMatchObject({ type: 'LEAVE', watcherCount: 2 })
})

test('R4 a reloaded page does not flap, on whichever instance it comes back', async () => {
  const { content, client: witness } = await aRoom()
  const guest = await setting.aPerson()
  const before = await StompClient.signIn(one.url, guest.token)
  await before.subscribe(watch(content))
  const join = await witness.nextMessage<WatchMessage>()
  before.drop(1001)
  const after = await StompClient.signIn(two.url, guest.token)
  await after.subscribe(watch(content))
  const field = `${guest.userId}|`
  await eventually('the grace of the first page has run out', async () => {
    return (await setting.redis.hget(redisKeys.roomRefs(content.id), field)) === '1'
  })
  after.send('UNSUBSCRIBE\nid:sub-0\n\n')
  const leave = await witness.nextMessage<WatchMessage>()
  expect(leave).toMatchObject({ type: 'LEAVE', watcherCount: 1, watchingSession: { id: join.watchingSession.id } })
  expect(witness.frames).toEqual([])
})

test('R4 a connection that is lost for good leaves after the grace', async () => {
  const { content, client: witness } = await aRoom()
  const guest = await StompClient.signIn(two.url, (await setting.aPerson()).token)
  await guest.subscribe(watch(content))
  await witness.nextMessage()
  const lostAt = performance.now()
  guest.drop()
  expect(await witness.nextMessage<WatchMessage>()).toMatchObject({ type: 'LEAVE', watcherCount: 1 })
  expect(performance.now() - lostAt).toBeGreaterThan(1_900)
})

test('R12 whoever watches two contents is shown in the newer, and in the older again after leaving it', async () => {
  const [older, newer, person] = await Promise.all([setting.aContent(), setting.aContent(), setting.aPerson()])
  const shown = () => setting.redis.hgetall(redisKeys.watching(person.userId))
  const tabs = await Promise.all([one, two].map(({ url }) => StompClient.signIn(url, person.token)))
  const sessionIds: string[] = []
  for (const [index, content] of [older, newer].entries()) {
    await tabs[index]!.subscribe(watch(content))
    const { watchingSession } = await tabs[index]!.nextMessage<WatchMessage>()
    sessionIds.push(watchingSession.id)
    expect(await shown()).toMatchObject({ contentId: content.id, sessionId: watchingSession.id })
  }
  // A second tab in the older room is the same session, and changes nothing.
  await tabs[1]!.subscribe(watch(older), 'sub-1')
  expect(await shown()).toMatchObject({ contentId: newer.id })
  tabs[1]!.send('UNSUBSCRIBE\nid:sub-0\n\n')
  await eventually('the older is shown', async () => (await shown())['contentId'] === older.id)
  expect((await shown())['sessionId']).toBe(sessionIds[0])
  for (const tab of tabs) tab.send('DISCONNECT\n\n')
  await eventually(
    'nothing is shown',
    async () => (await setting.redis.exists(redisKeys.watching(person.userId))) === 0,
  )
})

test('R4 subscribe and drop within a millisecond leaves no ghost', async () => {
  const content = await setting.aContent()
  const people = await Promise.all(Array.from({ length: 20 }, () => setting.aPerson()))
  const clients = await Promise.all(people.map(({ token }) => StompClient.signIn(one.url, token)))
  for (const client of clients) {
    client.send(`SUBSCRIBE\nid:sub-0\ndestination:${watch(content)}\n\n`)
    client.drop()
  }
  await Promise.all(clients.map((client) => client.untilClosed()))
  await eventually('the room is empty', async () => {
    const keys = [redisKeys.room(content.id), redisKeys.roomSince(content.id), redisKeys.roomRefs(content.id)]
    return (await setting.redis.exists(...keys)) === 0
  })
})

test('R1 what the user watches now is known while it lasts, and a late leave of the old room does not touch the new one', async () => {
  const [first, second] = await Promise.all([setting.aContent(), setting.aContent()])
  const person = await setting.aPerson()
  const client = await StompClient.signIn(one.url, person.token)
  await client.subscribe(watch(first), 'sub-0')
  await client.subscribe(watch(second), 'sub-1')
  client.send('UNSUBSCRIBE\nid:sub-0\nreceipt:moved\n\n')
  await client.next('RECEIPT')
  await eventually('the first room is empty', async () => (await setting.redis.exists(redisKeys.room(first.id))) === 0)
  expect(await setting.redis.hget(redisKeys.watching(person.userId), 'contentId')).toBe(second.id)
  client.send('DISCONNECT\n\n')
  await eventually(
    'nothing is watched',
    async () => (await setting.redis.exists(redisKeys.watching(person.userId))) === 0,
  )
})

test('R1 S7 an unknown content is refused with the error body, then the connection is closed', async () => {
  const client = await StompClient.signIn(one.url, (await setting.aPerson()).token)
  client.send(`SUBSCRIBE\nid:sub-0\ndestination:/sub/contents/${crypto.randomUUID()}/watch\nreceipt:r1\n\n`)
  const error = await client.next('ERROR')
  // The api is away in this test: that it cannot be asked is said as such.
  expect(error.headers).toMatchObject({ 'receipt-id': 'r1', 'content-type': 'application/json' })
  expect(JSON.parse(error.body)).toMatchObject({ exceptionName: 'UNAVAILABLE', details: {} })
  expect(await client.untilClosed()).toMatchObject({ code: 1011 })
})

test('C1 C2 chat alone is not joining, and the sender is who signed in', async () => {
  const content = await setting.aContent()
  const [ann, bob] = await Promise.all([setting.aPerson({ name: 'Ann' }), setting.aPerson({ name: 'Bob' })])
  const listener = await StompClient.signIn(one.url, ann.token)
  await listener.subscribe(chat(content))
  const sender = await StompClient.signIn(two.url, bob.token)
  sender.send(
    `SEND\ndestination:/pub/contents/${content.id}/chat\n\n${JSON.stringify({ content: 'hi', sender: { name: 'Ann' } })}`,
  )
  expect(await listener.nextMessage<object>()).toEqual({ sender: userOf(bob), content: 'hi' })
  expect(await setting.redis.exists(redisKeys.room(content.id))).toBe(0)
})

test('C3 the lines of a room are kept for ten minutes', async () => {
  const content = await setting.aContent()
  const client = await StompClient.signIn(one.url, (await setting.aPerson()).token)
  client.send(line(content, 'kept').replace('\n\n', '\nreceipt:r\n\n'))
  await client.next('RECEIPT')
  const [entry] = await setting.redis.xrange(redisKeys.chat(content.id), '-', '+')
  expect(entry?.[1][1]).toContain('kept')
  expect(await setting.redis.ttl(redisKeys.chat(content.id))).toBeGreaterThan(590)
})

test.each([
  ['not JSON', 'nonsense', 'MALFORMED_JSON'],
  ['no content', '{}', 'INVALID_REQUEST'],
  ['blank content', '{"content":"  "}', 'INVALID_REQUEST'],
  ['a NUL in the text', '{"content":"a\\u0000b"}', 'INVALID_REQUEST'],
  ['half a surrogate pair in the text', '{"content":"a\\ud800b"}', 'INVALID_REQUEST'],
  ['1,001 characters', JSON.stringify({ content: 'x'.repeat(1001) }), 'INVALID_REQUEST'],
])('T6 a chat line with %s is refused', async (_what, body, code) => {
  const content = await setting.aContent()
  const client = await StompClient.signIn(one.url, (await setting.aPerson()).token)
  client.send(`SEND\ndestination:/pub/contents/${content.id}/chat\n\n${body}`)
  expect(JSON.parse((await client.next('ERROR')).body)).toMatchObject({ exceptionName: code })
  await client.untilClosed()
})

test('S8 lines of one connection arrive in the order they were sent', async () => {
  const content = await setting.aContent()
  const client = await StompClient.signIn(one.url, (await setting.aPerson()).token)
  await client.subscribe(chat(content))
  for (let number = 0; number < 100; number += 1) client.send(line(content, String(number)))
  const received: string[] = []
  while (received.length < 100) received.push((await client.nextMessage<{ content: string }>()).content)
  expect(received).toEqual(Array.from({ length: 100 }, (_, number) => String(number)))
})
