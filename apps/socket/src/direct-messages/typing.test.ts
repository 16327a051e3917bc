import type { TestApp } from '@mopl/infrastructure/testing'
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

const typing = (client: StompClient, id: string, body: object, receipt = 'typed') =>
  client.send(`SEND\ndestination:/pub/conversations/${id}/typing\nreceipt:${receipt}\n\n${JSON.stringify(body)}`)

async function aConversation() {
  const [ann, bob] = await Promise.all([setting.aPerson({ name: 'Ann' }), setting.aPerson({ name: 'Bob' })])
  const id = await setting.aConversation(ann, bob)
  const open = async (app: TestApp, { token }: { token: string }) => {
    const client = await StompClient.signIn(app.url, token)
    await client.subscribe(`/sub/conversations/${id}/typing`)
    return client
  }
  return { id, ann, bob, open }
}

test('D5 the other side and my other tabs are told, the tab I type in is not', async () => {
  const { id, ann, bob, open } = await aConversation()
  const [annHere, annThere, bobThere] = await Promise.all([open(one, ann), open(two, ann), open(two, bob)])
  typing(annHere, id, { isTyping: true })
  for (const client of [annThere, bobThere])
    expect(await client.nextMessage<object>()).toEqual({ userId: ann.userId, isTyping: true })
  typing(annHere, id, { isTyping: false })
  for (const client of [annThere, bobThere])
    expect(await client.nextMessage<object>()).toEqual({ userId: ann.userId, isTyping: false })
  // What Bob types comes after whatever would have come back to Ann.
  typing(bobThere, id, { isTyping: true })
  expect(await annHere.nextMessage<object>()).toEqual({ userId: bob.userId, isTyping: true })
  expect(annHere.frames.filter(({ command }) => command === 'MESSAGE')).toEqual([])
  expect(await setting.redis.keys(`*${id}*`)).toEqual([`cache:participants:{${id}}`])
})

test('D6 every keystroke may be said, one a second is told', async () => {
  const { id, ann, bob, open } = await aConversation()
  const [typist, reader] = await Promise.all([open(one, ann), open(one, bob)])
  for (let key = 0; key < 50; key += 1) typing(typist, id, { isTyping: true }, String(key))
  await typist.next('RECEIPT', ({ headers }) => headers['receipt-id'] === '49')
  typing(typist, id, { isTyping: false })
  await reader.next('MESSAGE', ({ body }) => body.includes('false'))
  expect(reader.frames.length).toBeLessThan(3)
})

test('D5 D1 nobody else listens or types', async () => {
  const { id } = await aConversation()
  const stranger = await setting.aPerson()
  const frames = [
    `SUBSCRIBE\nid:1\ndestination:/sub/conversations/${id}/typing\n\n`,
    `SEND\ndestination:/pub/conversations/${id}/typing\n\n{"isTyping":true}`,
  ]
  for (const frame of frames) {
    const client = await StompClient.signIn(one.url, stranger.token)
    client.send(frame)
    expect(JSON.parse((await client.next('ERROR')).body)).toMatchObject({ exceptionName: 'CONVERSATION_NOT_FOUND' })
  }
})

test('D5 anything but true or false is refused', async () => {
  const { id, ann, open } = await aConversation()
  const client = await open(one, ann)
  typing(client, id, { isTyping: 'perhaps' })
  expect(JSON.parse((await client.next('ERROR')).body)).toMatchObject({
    exceptionName: 'INVALID_REQUEST',
    details: { isTyping: expect.any(String) },
  })
})
