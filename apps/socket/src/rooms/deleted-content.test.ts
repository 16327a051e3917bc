import type { ContentSummary, WatchMessage } from '@mopl/contracts/realtime'
import { redisKeys } from '@mopl/contracts/redis-keys'
import { closeRooms } from '@mopl/infrastructure/close-rooms'
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
  // Which knows no content.
  const { api } = await setting.startApi()
  const start = () => setting.startSocket({ API_URL: api.url })
  ;[one, two] = await Promise.all([start(), start()])
})
afterAll(() => setting.close())

const watch = ({ id }: ContentSummary) => `/sub/contents/${id}/watch`
const chat = ({ id }: ContentSummary) => `/sub/contents/${id}/chat`
const line = ({ id }: ContentSummary) => `SEND\ndestination:/pub/contents/${id}/chat\n\n{"content":"still here"}`
const signIn = async ({ url }: TestApp) => StompClient.signIn(url, (await setting.aPerson()).token)
const errorCode = async (client: StompClient) =>
  (JSON.parse((await client.next('ERROR')).body) as { exceptionName: string }).exceptionName

/** What the worker does at the event. The cache that a test's content stands in is its existence. */
async function remove({ id }: ContentSummary): Promise<void> {
  await setting.redis.del(redisKeys.contentSummaryCache(id))
  await closeRooms(setting.redis, [id])
}

/** Everything up to the LEAVE with which nobody is there any more. */
async function untilEmpty(client: StompClient): Promise<WatchMessage[]> {
  const messages = []
  do messages.push(await client.nextMessage<WatchMessage>())
  while (messages.at(-1)?.watcherCount !== 0)
  return messages
}

test('R14 when a content is deleted everybody in its room leaves, on every instance; connections and other rooms stay', async () => {
  const [content, other] = await Promise.all([setting.aContent(), setting.aContent()])
  const clients = await Promise.all([one, two, two].map(signIn))
  for (const client of clients) {
    await client.subscribe(watch(content))
    await client.subscribe(watch(other), 'other')
  }
  await remove(content)
  const ids = new Set<string>()
  for (const client of clients) {
    const messages = await untilEmpty(client)
    const leaves = messages.filter(({ type }) => type === 'LEAVE').map(({ watchingSession }) => watchingSession.id)
    expect(leaves).toHaveLength(3)
    expect(new Set(leaves).size).toBe(3)
    for (const id of leaves) ids.add(id)
  }
  expect(ids.size).toBe(3)
  const keys = [redisKeys.room(content.id), redisKeys.roomSince(content.id), redisKeys.roomRefs(content.id)]
  expect(await setting.redis.exists(...keys)).toBe(0)

  clients[0]!.send(`UNSUBSCRIBE\nid:sub-0\nreceipt:out\n\n`)
  await clients[0]!.next('RECEIPT', ({ headers }) => headers['receipt-id'] === 'out')
  expect(await setting.redis.hlen(redisKeys.room(other.id))).toBe(3)
  expect(clients.map(({ closed }) => closed)).toEqual([undefined, undefined, undefined])
})

test.each(['with', 'without'])(
  'R14 C2 nothing is said any more in the room of a deleted content, on an instance %s a listener',
  async (which) => {
    const content = await setting.aContent()
    const [listener, speaker] = [await signIn(one), await signIn(which === 'with' ? one : two)]
    await listener.subscribe(chat(content))
    // What this instance knows of the content is remembered from here.
    speaker.send(line(content))
    await listener.nextMessage()
    await remove(content)
    speaker.send(line(content))
    expect(await errorCode(speaker)).toBe('CONTENT_NOT_FOUND')
    expect(listener.frames).toEqual([])
    expect(listener.closed).toBeUndefined()
    expect(await setting.redis.exists(redisKeys.chat(content.id))).toBe(0)
  },
)

test.each([watch, chat])('R14 nobody comes into the room of a deleted content: %p', async (destination) => {
  const content = await setting.aContent()
  const before = await signIn(one)
  await before.subscribe(destination(content))
  await remove(content)
  await eventually('refused', async () => {
    const after = await signIn(one)
    after.send(`SUBSCRIBE\nid:sub-0\ndestination:${destination(content)}\nreceipt:in\n\n`)
    await eventually('an answer', () => after.frames.length > 0)
    const [answer] = after.frames
    after.drop()
    return answer?.command === 'ERROR' && answer.body.includes('CONTENT_NOT_FOUND')
  })
})

test('R14 an instance whose link to Redis was down while a content was deleted closes the room when it is back', async () => {
  const content = await setting.aContent()
  const client = await signIn(one)
  await client.subscribe(watch(content))
  expect(await client.nextMessage<WatchMessage>()).toMatchObject({ type: 'JOIN' })
  await setting.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
  await remove(content)
  await eventually('the room is empty', async () => (await setting.redis.exists(redisKeys.room(content.id))) === 0)
  const leave = await client.nextMessage<WatchMessage>()
  expect(leave).toMatchObject({ type: 'LEAVE', watcherCount: 0 })
})

test('R14 who comes while the content is being deleted is either refused or leaves with the others', async () => {
  for (let round = 0; round < 20; round += 1) {
    const content = await setting.aContent()
    const clients = await Promise.all([one, two, one, two].map(signIn))
    // The instances know the content, so that the mark in Redis alone decides.
    for (const client of clients) await client.subscribe(chat(content), 'chat')
    for (const client of clients) client.send(`SUBSCRIBE\nid:sub-0\ndestination:${watch(content)}\nreceipt:in\n\n`)
    await closeRooms(setting.redis, [content.id])
    for (const client of clients) {
      const isAnswered = () => client.closed !== undefined || client.frames.some(({ headers }) => headers['receipt-id'])
      await eventually('an answer', isAnswered)
    }
    await eventually('the room is empty', async () => (await setting.redis.exists(redisKeys.room(content.id))) === 0)
    for (const client of clients) client.drop()
  }
})
