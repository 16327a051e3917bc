import type { DirectMessageDto } from '@mopl/contracts/realtime'
import { channels, redisKeys } from '@mopl/contracts/redis-keys'
import { newId } from '@mopl/infrastructure/ids'
import { eventually, type TestApp } from '@mopl/infrastructure/testing'
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { openSetting, type Setting } from '../testing/setting.ts'
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

const destination = (id: string) => `/sub/conversations/${id}/direct-messages`
const errorCode = async (client: StompClient) =>
  (JSON.parse((await client.next('ERROR', undefined, 15_000)).body) as { exceptionName: string }).exceptionName

const aMessage = (conversationId: string): DirectMessageDto => ({
  id: newId(),
  conversationId,
  createdAt: new Date().toISOString(),
  sender: { userId: newId(), name: 'Ann' },
  receiver: { userId: newId(), name: 'Bob' },
  content: '안녕',
})

async function aConversation() {
  const [ann, bob] = await Promise.all([setting.aPerson({ name: 'Ann' }), setting.aPerson({ name: 'Bob' })])
  return { ann, bob, id: await setting.aConversation(ann, bob) }
}

test('D3 what is published on the conversation’s channel reaches both sides and all their tabs, on every instance', async () => {
  const { ann, bob, id } = await aConversation()
  const clients = await Promise.all([
    StompClient.signIn(one.url, ann.token),
    StompClient.signIn(two.url, ann.token),
    StompClient.signIn(one.url, bob.token, { framing: 'raw' }),
  ])
  for (const client of clients) await client.subscribe(destination(id))
  const message = aMessage(id)
  await setting.redis.spublish(channels.conversation(id), JSON.stringify(message))
  for (const client of clients) expect(await client.nextMessage<DirectMessageDto>()).toEqual(message)
})

test('D1 nobody else subscribes or sends: the conversation does not exist for them', async () => {
  const { id } = await aConversation()
  const frames = [
    `SUBSCRIBE\nid:1\ndestination:${destination(id)}\n\n`,
    `SEND\ndestination:${destination(id).replace('sub', 'pub')}\n\n{"content":"x"}`,
  ]
  for (const frame of frames) {
    const stranger = await StompClient.signIn(one.url, (await setting.aPerson()).token)
    stranger.send(frame)
    expect(await errorCode(stranger)).toBe('CONVERSATION_NOT_FOUND')
    expect(await stranger.untilClosed()).toMatchObject({ code: 1008 })
  }
})

test('D2 with Kafka away a message is refused, not swallowed', async () => {
  const { ann, id } = await aConversation()
  const client = await StompClient.signIn(one.url, ann.token)
  client.send(`SEND\ndestination:${destination(id).replace('sub', 'pub')}\nreceipt:r\n\n{"content":"x"}`)
  expect(await errorCode(client)).toBe('UNAVAILABLE')
  expect(client.frames).toEqual([])
})

test('D4 who has the conversation open is known, whatever the number of tabs and the way they close', async () => {
  const { ann, id } = await aConversation()
  const open = () => setting.redis.hget(redisKeys.openConversation(id), ann.userId)
  const clients = await Promise.all([one, one, two].map(({ url }) => StompClient.signIn(url, ann.token)))
  for (const client of clients) await client.subscribe(destination(id))
  expect(await open()).toBe('2')
  clients[0]!.send('UNSUBSCRIBE\nid:sub-0\nreceipt:out\n\n')
  await clients[0]!.next('RECEIPT')
  expect(await open()).toBe('2')
  // The id is free again, and what comes next is heard.
  await clients[0]!.subscribe(destination(id))
  await setting.redis.spublish(channels.conversation(id), JSON.stringify(aMessage(id)))
  await clients[0]!.nextMessage()
  clients[0]!.send('UNSUBSCRIBE\nid:sub-0\n\n')
  clients[1]!.drop()
  await eventually('one instance has it closed', async () => (await open()) === '1')
  clients[2]!.drop()
  await eventually('nobody has it open', async () => (await setting.redis.exists(redisKeys.openConversation(id))) === 0)
})
