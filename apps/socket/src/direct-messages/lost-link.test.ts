/** Direct messages that are told while an instance's link to Redis is down are stored all the same. */
import { Transform } from 'node:stream'
import type { DirectMessageDto } from '@mopl/contracts/realtime'
import { channels } from '@mopl/contracts/redis-keys'
import { newId } from '@mopl/infrastructure/ids'
import type { Db } from '@mopl/infrastructure/postgres'
import { conversationParticipants, conversations, directMessages, users } from '@mopl/infrastructure/tables'
import { eventually, type TestApp } from '@mopl/infrastructure/testing'
import { type Door, openDoor } from '@mopl/infrastructure/testing-door'
import { afterAll, beforeAll, beforeEach, expect, setDefaultTimeout, test } from 'bun:test'
import { type OwnRedis, startOwnRedis } from '../testing/own-redis.ts'
import { openSetting, type Setting } from '../testing/setting.ts'
import { StompClient } from '../testing/stomp-client.ts'

setDefaultTimeout(60_000)

let ownRedis: OwnRedis
let setting: Setting
let db: Db
let app: TestApp
/** In front of the api: whoever asks is counted, and gets no answer while it is away. */
let door: Door
let isAway = false
let questions = 0

beforeAll(async () => {
  ownRedis = await startOwnRedis()
  setting = await openSetting(ownRedis.url)
  const started = await setting.startApi()
  db = started.db
  const toServer = () => {
    questions += 1
    return new Transform({ transform: (chunk, _, done) => (isAway ? done(new Error('away')) : done(null, chunk)) })
  }
  door = await openDoor('127.0.0.1', Number(new URL(started.api.url).port), { toServer })
  app = await setting.startSocket({ API_URL: `http://127.0.0.1:${door.port}` })
})
afterAll(async () => {
  await setting.close()
  await door.shut()
  await ownRedis.close()
})
beforeEach(async () => {
  // Connections that are kept for the next question would hide it.
  await door.open()
  questions = 0
  isAway = false
})

const loseLink = () => setting.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
const contents = (client: StompClient) =>
  client.frames.flatMap(({ command, body }) =>
    command === 'MESSAGE' ? [(JSON.parse(body) as DirectMessageDto).content] : [],
  )

/** Ann and Bob, who look at their conversation, and what the worker does with a message of Ann's. */
async function aConversation() {
  const [ann, bob] = await Promise.all([setting.aPerson({ name: 'Ann' }), setting.aPerson({ name: 'Bob' })])
  const id = await setting.aConversation(ann, bob)
  const [lowerUserId, higherUserId] = [ann.userId, bob.userId].toSorted() as [string, string]
  await db
    .insert(users)
    .values([ann, bob].map(({ userId, name }) => ({ id: userId, name, email: `${userId}@a.example` })))
  await db.insert(conversations).values({ id, lowerUserId, higherUserId })
  const createdAt = new Date()
  for (const { userId } of [ann, bob])
    await db.insert(conversationParticipants).values({ conversationId: id, userId, createdAt })
  const clients = await Promise.all([ann, ann, bob].map(({ token }) => StompClient.signIn(app.url, token)))
  for (const client of clients) await client.subscribe(`/sub/conversations/${id}/direct-messages`)
  async function store(content: string, createdAt = new Date()): Promise<string> {
    const message = { id: newId(), conversationId: id, createdAt, content }
    await db.insert(directMessages).values({ ...message, senderId: ann.userId, receiverId: bob.userId })
    return message.id
  }
  async function tell(content: string): Promise<void> {
    const createdAt = new Date()
    const [sender, receiver] = [ann, bob].map(({ userId, name }) => ({ userId, name }))
    const message = { id: await store(content, createdAt), conversationId: id, createdAt, sender, receiver, content }
    await setting.redis.spublish(channels.conversation(id), JSON.stringify(message))
  }
  const heard = (expected: string[]) =>
    eventually(
      `all hear ${expected.join()}: ${JSON.stringify(clients.map(contents))}`,
      () => clients.every((client) => contents(client).length >= expected.length),
      15_000,
    ).then(() => expect(clients.map(contents)).toEqual(clients.map(() => expected)))
  return { store, tell, heard }
}

test.each([0, 1])(
  'D7 what is told while the link is down comes when it is back, once and in order, after %p before',
  async (before) => {
    const { tell, heard } = await aConversation()
    const expected = []
    if (before === 1) {
      await tell('before')
      expected.push('before')
      await heard(expected)
    }
    await loseLink()
    for (const content of ['one', 'two', 'three']) await tell(content)
    expected.push('one', 'two', 'three')
    await heard(expected)
    await tell('after')
    await heard([...expected, 'after'])
  },
)

test('D7 links lost again and again while people write: everybody gets every message once, in order', async () => {
  const { tell, heard } = await aConversation()
  const expected: string[] = []
  for (let round = 0; round < 5; round += 1) {
    await loseLink()
    for (let message = 0; message < 5; message += 1) {
      await tell(`${round}-${message}`)
      expected.push(`${round}-${message}`)
      for (let pause = 0; pause < 60; pause += 1) await setting.redis.ping()
    }
    await heard(expected)
  }
})

test('D7 while the api is away what comes is told at once, and what is missing when the api is back', async () => {
  const { tell, heard } = await aConversation()
  isAway = true
  await loseLink()
  await tell('missed')
  await eventually('the api is asked', () => questions > 0)
  await tell('live')
  await heard(['live'])
  isAway = false
  await heard(['live', 'missed'])
})

test('D7 old messages are not told again, and without a lost link the api is not asked', async () => {
  const { store, tell, heard } = await aConversation()
  await store('old', new Date(Date.now() - 60_000))
  await tell('first')
  await heard(['first'])
  expect(questions).toBe(0)
  await loseLink()
  await eventually('the api is asked', () => questions > 0)
  await tell('second')
  await heard(['first', 'second'])
})
