import type { ContentSummary } from '@mopl/contracts/realtime'
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

const chat = ({ id }: ContentSummary) => `/sub/contents/${id}/chat`
const say = (client: StompClient, { id }: ContentSummary, content: string, headers = '') =>
  client.send(`SEND\ndestination:/pub/contents/${id}/chat\n${headers}\n${JSON.stringify({ content })}`)

async function aListener(app: TestApp, content: ContentSummary, framing: 'raw' | 'sockjs' = 'sockjs') {
  const client = await StompClient.signIn(app.url, (await setting.aPerson()).token, { framing })
  await client.subscribe(chat(content))
  return client
}

/** The next so many lines, with their message ids. */
async function lines(client: StompClient, count: number): Promise<{ id: string | undefined; content: string }[]> {
  const received = []
  while (received.length < count) {
    const { headers, body } = await client.next('MESSAGE')
    received.push({ id: headers['message-id'], content: (JSON.parse(body) as { content: string }).content })
  }
  return received
}

test('C4 S11 a busy room over two instances: everybody gets every line once, in one order, under one id', async () => {
  const content = await setting.aContent()
  const listeners = await Promise.all([
    aListener(one, content),
    aListener(two, content),
    aListener(two, content, 'raw'),
  ])
  const speakers = await Promise.all(
    Array.from({ length: 20 }, (_, at) => aListener(at % 2 === 0 ? one : two, content)),
  )
  const said = speakers.flatMap((_, speaker) => Array.from({ length: 15 }, (__, number) => `${speaker}:${number}`))
  for (let number = 0; number < 15; number += 1)
    for (const [speaker, client] of speakers.entries()) say(client, content, `${speaker}:${number}`)
  const [first = [], ...others] = await Promise.all(listeners.map((listener) => lines(listener, said.length)))
  expect(first.map((line) => line.content).toSorted()).toEqual(said.toSorted())
  expect(new Set(first.map(({ id }) => id)).size).toBe(said.length)
  for (const other of others) expect(other).toEqual(first)
  for (const listener of listeners) expect(listener.frames).toEqual([])
})

/** A room in which the listener has heard `one`, `two` and `three` and has gone since. */
async function aRoomThatWasLeft() {
  const content = await setting.aContent()
  const [speaker, listener] = await Promise.all([aListener(one, content), aListener(one, content)])
  for (const line of ['one', 'two', 'three']) say(speaker, content, line)
  const heard = await lines(listener, 3)
  listener.drop()
  await listener.untilClosed()
  return { content, speaker, heard }
}

async function comeBack(app: TestApp, content: ContentSummary, lastMessageId: string | undefined, framing?: 'raw') {
  const client = await StompClient.signIn(app.url, (await setting.aPerson()).token, framing && { framing })
  client.send(`SUBSCRIBE\nid:sub-0\ndestination:${chat(content)}\nlast-message-id:${lastMessageId}\nreceipt:back\n\n`)
  return client
}

test('C5 who comes back elsewhere gets what was missed, in order, and then what is said', async () => {
  const { content, speaker, heard } = await aRoomThatWasLeft()
  for (const line of ['four', 'five']) say(speaker, content, line)
  await lines(speaker, 5)
  const back = await comeBack(two, content, heard[1]?.id, 'raw')
  await back.next('RECEIPT')
  say(speaker, content, 'six')
  const received = await lines(back, 4)
  expect(received.map((line) => line.content)).toEqual(['three', 'four', 'five', 'six'])
  expect(received[0]).toEqual(heard[2])
})

test('C5 C3 asking for everything gets the last 50 lines; asking for nothing, nothing', async () => {
  const content = await setting.aContent()
  const speaker = await aListener(one, content)
  for (let number = 0; number < 70; number += 1) say(speaker, content, String(number))
  await lines(speaker, 70)
  const curious = await comeBack(two, content, '0')
  const all = Array.from({ length: 50 }, (_, at) => String(at + 20))
  expect((await lines(curious, 50)).map((line) => line.content)).toEqual(all)
  const fresh = await aListener(two, content)
  say(speaker, content, 'news')
  expect((await lines(fresh, 1)).map((line) => line.content)).toEqual(['news'])
})

test.each(['nonsense', '', '1785000000000-0-00000000', '-'])('C5 %p is no line of this room', async (lastMessageId) => {
  const client = await comeBack(one, await setting.aContent(), lastMessageId)
  expect(JSON.parse((await client.next('ERROR')).body)).toMatchObject({
    exceptionName: 'INVALID_REQUEST',
    details: { 'last-message-id': expect.any(String) },
  })
})

test('C5 clients that come back while everybody talks get every line once', async () => {
  const { content, speaker, heard } = await aRoomThatWasLeft()
  const speakers = await Promise.all(Array.from({ length: 4 }, (_, at) => aListener(at % 2 === 0 ? one : two, content)))
  const coming = []
  let said = 0
  for (let round = 0; round < 30; round += 1) {
    // No more than is kept, so that nobody is entitled to a hole.
    for (const client of said < 40 ? speakers : []) say(client, content, `${(said += 1)}`)
    coming.push(comeBack(round % 2 === 0 ? one : two, content, heard[2]?.id))
    await speaker.next('MESSAGE')
  }
  const clients = await Promise.all(coming)
  const all = await Promise.all(clients.map((client) => lines(client, said)))
  for (const received of all) expect(received).toEqual(all[0]!)
  expect(new Set(all[0]?.map((line) => line.content)).size).toBe(said)
  for (const client of clients) expect(client.frames.filter(({ command }) => command === 'MESSAGE')).toEqual([])
})

test('C6 a user who says too much, in whatever tab and room, is stopped; the others are not', async () => {
  const app = await setting.startSocket({ MAX_ROOM_MESSAGES_PER_SECOND: '1' })
  const [person, content, another] = [await setting.aPerson(), await setting.aContent(), await setting.aContent()]
  const tabs = await Promise.all([1, 2].map(() => StompClient.signIn(app.url, person.token)))
  const listener = await aListener(app, content)
  for (let number = 0; number < 5; number += 1) {
    say(tabs[0]!, content, `${number}`, 'receipt:said\n')
    await tabs[0]!.next('RECEIPT')
  }
  for (let number = 0; number < 8; number += 1) say(tabs[1]!, another, `${number}`)
  expect(JSON.parse((await tabs[1]!.next('ERROR')).body)).toMatchObject({
    exceptionName: 'TOO_MANY_REQUESTS',
    details: { 'room-messages-per-second': expect.any(String) },
  })
  say(listener, content, 'still here')
  expect((await lines(listener, 6)).at(-1)?.content).toBe('still here')
})
