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
