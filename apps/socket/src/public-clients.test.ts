/** The clients that people really use, on their default settings. */
import { Client, type IMessage } from '@stomp/stompjs'
import { eventually, type TestApp } from '@mopl/infrastructure/testing'
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import SockJS from 'sockjs-client'
import { openSetting, type Person, type Setting } from './testing/setting.ts'

setDefaultTimeout(60_000)

let setting: Setting
let app: TestApp

beforeAll(async () => {
  setting = await openSetting()
  app = await setting.startSocket()
})
afterAll(() => setting.close())

const sockJs = (transports: string) => () => ({
  webSocketFactory: () => new SockJS(`${app.url}/ws`, null, { transports }),
})

const ways = {
  'sockjs-client': sockJs('websocket'),
  'sockjs-client with xhr-streaming': sockJs('xhr-streaming'),
  'sockjs-client with eventsource': sockJs('eventsource'),
  'sockjs-client with xhr-polling': sockJs('xhr-polling'),
  'a plain WebSocket': () => ({ brokerURL: `${app.url.replace('http', 'ws')}/ws/websocket` }),
}

async function connect(way: keyof typeof ways, { token }: Person, debug = (_text: string) => {}): Promise<Client> {
  const connectHeaders = { Authorization: `Bearer ${token}` }
  const client = new Client({ ...ways[way](), connectHeaders, debug, heartbeatIncoming: 4000, heartbeatOutgoing: 4000 })
  client.activate()
  await eventually('connected', () => client.connected)
  return client
}

describe.each(Object.keys(ways) as (keyof typeof ways)[])('@stomp/stompjs over %s', (way) => {
  test('R1 C2 S6 watches, chats, gets receipts and says good-bye', async () => {
    const [content, person] = await Promise.all([setting.aContent(), setting.aPerson({ name: 'Ann' })])
    const client = await connect(way, person)
    const watched: IMessage[] = []
    const lines: IMessage[] = []
    client.subscribe(`/sub/contents/${content.id}/watch`, (message) => watched.push(message))
    client.subscribe(`/sub/contents/${content.id}/chat`, (message) => lines.push(message))
    let receipts = 0
    client.watchForReceipt('line', () => {
      receipts += 1
    })
    const destination = `/pub/contents/${content.id}/chat`
    client.publish({ destination, body: JSON.stringify({ content: '안녕' }), headers: { receipt: 'line' } })
    await eventually('the line is there', () => lines.length === 1 && watched.length === 1 && receipts === 1)
    expect(JSON.parse(watched[0]!.body)).toMatchObject({ type: 'JOIN', watcherCount: 1 })
    expect(JSON.parse(lines[0]!.body)).toEqual({ sender: { userId: person.userId, name: 'Ann' }, content: '안녕' })
    await client.deactivate()
    expect(client.connected).toBe(false)
  })

  test('S7 learns why it was refused', async () => {
    const client = await connect(way, await setting.aPerson())
    let reason = ''
    client.onStompError = (frame) => {
      reason = frame.body
    }
    client.subscribe('/sub/nothing', () => undefined)
    await eventually('the reason', () => reason !== '')
    expect(JSON.parse(reason)).toMatchObject({ exceptionName: 'DESTINATION_NOT_FOUND' })
    await client.deactivate()
  })
})

test('S5 stays connected by heart-beats alone', async () => {
  const beats: string[] = []
  const client = await connect('sockjs-client', await setting.aPerson(), (text) => {
    if (text.includes('PONG')) beats.push(text)
  })
  let closes = 0
  client.onWebSocketClose = () => {
    closes += 1
  }
  await eventually('two beats of the server', () => beats.length === 2, 25_000)
  expect(closes).toBe(0)
  await client.deactivate()
})
