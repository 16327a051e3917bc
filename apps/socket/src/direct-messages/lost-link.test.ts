/** Direct messages that are told while an instance's link to Redis is down are stored all the same. */
import type { DirectMessageDto } from '@mopl/contracts/realtime'
import { channels } from '@mopl/contracts/redis-keys'
import { newId } from '@mopl/infrastructure/ids'
import { eventually, type TestApp } from '@mopl/infrastructure/testing'
import { afterAll, beforeAll, beforeEach, expect, setDefaultTimeout, test } from 'bun:test'
import { type OwnRedis, startOwnRedis } from '../testing/own-redis.ts'
import { openSetting, type Setting } from '../testing/setting.ts'
import { StompClient } from '../testing/stomp-client.ts'

setDefaultTimeout(60_000)

let ownRedis: OwnRedis
let setting: Setting
let app: TestApp
/** What the api has, oldest first; `isAway` makes it refuse. */
const stored: DirectMessageDto[] = []
let isAway = false
let questions = 0
const api = Bun.serve({
  port: 0,
  fetch: () => {
    questions += 1
    if (isAway) return new Response(null, { status: 503 })
    return Response.json({ data: stored.toReversed(), nextCursor: null, nextIdAfter: null, hasNext: false })
  },
})

beforeAll(async () => {
  ownRedis = await startOwnRedis()
  setting = await openSetting(ownRedis.url)
  app = await setting.startSocket({ API_URL: api.url.href })
})
afterAll(async () => {
  await setting.close()
  await ownRedis.close()
  await api.stop(true)
})
beforeEach(() => {
  stored.length = 0
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
  const clients = await Promise.all([ann, ann, bob].map(({ token }) => StompClient.signIn(app.url, token)))
  for (const client of clients) await client.subscribe(`/sub/conversations/${id}/direct-messages`)
  async function tell(content: string): Promise<void> {
    const [sender, receiver] = [ann, bob].map(({ userId, name }) => ({ userId, name }))
    const createdAt = new Date().toISOString()
    const message = { id: newId(), conversationId: id, createdAt, sender: sender!, receiver: receiver!, content }
    stored.push(message)
    await setting.redis.spublish(channels.conversation(id), JSON.stringify(message))
  }
  const heard = (expected: string[]) =>
    eventually(
      `all hear ${expected.join()}: ${JSON.stringify(clients.map(contents))}`,
      () => clients.every((client) => contents(client).length >= expected.length),
      15_000,
    ).then(() => expect(clients.map(contents)).toEqual(clients.map(() => expected)))
  return { tell, heard }
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
  const { tell, heard } = await aConversation()
  await tell('first')
  await heard(['first'])
  expect(questions).toBe(0)
  stored[0] = { ...stored[0]!, id: newId(), content: 'old', createdAt: new Date(Date.now() - 60_000).toISOString() }
  await loseLink()
  await eventually('the api is asked', () => questions > 0)
  await tell('second')
  await heard(['first', 'second'])
})
