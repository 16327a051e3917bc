/** The STOMP dialogue from outside, frame by frame, over SockJS and raw. */
import type { TestApp } from '@mopl/infrastructure/testing'
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { openSetting, type Setting } from '../testing/setting.ts'
import { connectFrame, StompClient } from '../testing/stomp-client.ts'

setDefaultTimeout(60_000)

let setting: Setting
let app: TestApp

beforeAll(async () => {
  setting = await openSetting()
  app = await setting.startSocket()
})
afterAll(() => setting.close())

async function refusal(client: StompClient): Promise<{ code: string; receipt: string | undefined; close: number }> {
  const error = await client.next('ERROR')
  expect(error.headers['message']).toBeTruthy()
  const { code: close } = await client.untilClosed()
  const body = JSON.parse(error.body) as { exceptionName: string }
  return { code: body.exceptionName, receipt: error.headers['receipt-id'], close }
}

describe.each(['sockjs', 'raw'] as const)('over %s', (framing) => {
  test.each([
    ['1.2', 'accept-version:1.0,1.1,1.2\n'],
    ['1.1', 'accept-version:1.1,2.0\n'],
    ['1.0', ''],
  ])('S1 version %s is agreed on', async (version, header) => {
    const client = new StompClient(app.url, { framing })
    await client.opened()
    client.send(connectFrame((await setting.aPerson()).token, header))
    expect((await client.next('CONNECTED')).headers).toMatchObject({ version, 'heart-beat': '10000,10000' })
    client.drop()
  })

  test('S2 T8 a frame cut into pieces, with heart-beats around it, is one frame', async () => {
    const { token } = await setting.aPerson()
    const client = new StompClient(app.url, { framing })
    await client.opened()
    for (const piece of `\n\n${connectFrame(token)}\0`.match(/[\s\S]{1,20}/g) ?? [])
      client.sendRaw(framing === 'sockjs' ? JSON.stringify([piece]) : piece)
    await client.next('CONNECTED')
    client.drop()
  })

  test('S6 receipts come for every frame, and before the close for DISCONNECT', async () => {
    const client = await StompClient.signIn(app.url, (await setting.aPerson()).token, { framing })
    client.send('ACK\nid:1\nreceipt:one\n\n')
    client.send('UNSUBSCRIBE\nid:never\nreceipt:two\n\n')
    client.send('DISCONNECT\nreceipt:three\n\n')
    for (const id of ['one', 'two', 'three']) expect((await client.next('RECEIPT')).headers['receipt-id']).toBe(id)
    expect(await client.untilClosed()).toMatchObject({ code: 1000 })
    if (framing === 'sockjs') expect(client.other).toEqual(['o', 'c[1000,"bye"]'])
  })

  test('T9 a malformed frame ends its own connection and nothing else', async () => {
    const [bystander, client] = await Promise.all(
      [1, 2].map(async () => StompClient.signIn(app.url, (await setting.aPerson()).token, { framing })),
    )
    client!.send('SEND\ncontent-length:nonsense\n\n')
    expect(await refusal(client!)).toMatchObject({ code: 'INVALID_REQUEST', close: 1008 })
    bystander!.send('ACK\nid:1\nreceipt:alive\n\n')
    await bystander!.next('RECEIPT')
    bystander!.drop()
  })
})

test.each([
  ['S1 versions that nobody knows', 'CONNECT\naccept-version:9.9\n\n', 'INVALID_REQUEST'],
  ['S5 a broken heart-beat', 'CONNECT\nheart-beat:often\n\n', 'INVALID_REQUEST'],
  ['T2 no token', 'CONNECT\naccept-version:1.2\n\n', 'UNAUTHENTICATED'],
  ['T2 a token that is none', 'CONNECT\nAuthorization:Bearer abc\n\n', 'INVALID_TOKEN'],
  ['T3 a frame before CONNECT', 'SUBSCRIBE\nid:1\ndestination:/sub/x\n\n', 'UNAUTHENTICATED'],
  ['S10 an unknown command', 'HELLO\n\n', 'INVALID_REQUEST'],
])('%s is refused', async (_what, frame, code) => {
  const client = new StompClient(app.url)
  await client.opened()
  client.send(frame)
  expect(await refusal(client)).toMatchObject({ code, close: 1008 })
})

test.each([
  ['S12 an unknown destination', 'SUBSCRIBE\nid:1\ndestination:/topic/x\n\n', 'DESTINATION_NOT_FOUND'],
  [
    'S12 a name with more behind it',
    `SUBSCRIBE\nid:1\ndestination:/sub/contents/${crypto.randomUUID()}/watch/x\n\n`,
    'DESTINATION_NOT_FOUND',
  ],
  ['S12 an id that is none', 'SUBSCRIBE\nid:1\ndestination:/sub/contents/1/watch\n\n', 'DESTINATION_NOT_FOUND'],
  ['S12 a SEND to /sub', `SEND\ndestination:/sub/contents/${crypto.randomUUID()}/chat\n\n{}`, 'DESTINATION_NOT_FOUND'],
  [
    'S12 a SUBSCRIBE to /pub',
    `SUBSCRIBE\nid:1\ndestination:/pub/contents/${crypto.randomUUID()}/chat\n\n`,
    'DESTINATION_NOT_FOUND',
  ],
  [
    'S9 a SUBSCRIBE without an id',
    `SUBSCRIBE\ndestination:/sub/contents/${crypto.randomUUID()}/chat\n\n`,
    'INVALID_REQUEST',
  ],
  [
    'S10 an unknown ack mode',
    `SUBSCRIBE\nid:1\nack:maybe\ndestination:/sub/contents/${crypto.randomUUID()}/chat\n\n`,
    'INVALID_REQUEST',
  ],
  ['S10 a transaction', 'BEGIN\ntransaction:t\n\n', 'INVALID_REQUEST'],
  [
    'S10 a SEND that belongs to a transaction',
    `SEND\ntransaction:t\ndestination:/pub/contents/${crypto.randomUUID()}/chat\n\n{"content":"x"}`,
    'INVALID_REQUEST',
  ],
  ['S4 an undefined escape', 'SEND\ndestination:a\\tb\n\n', 'INVALID_REQUEST'],
  ['S10 a second CONNECT', 'CONNECT\n\n', 'INVALID_REQUEST'],
])('%s is refused, with the receipt it asked for', async (_what, frame, code) => {
  const client = await StompClient.signIn(app.url, (await setting.aPerson()).token)
  client.send(frame.replace('\n', '\nreceipt:r\n'))
  const { receipt, ...rest } = await refusal(client)
  expect(rest).toEqual({ code, close: 1008 })
  expect(receipt).toBe(code === 'INVALID_REQUEST' && frame.includes('\\t') ? undefined : 'r')
})

test('S9 an id in use is refused', async () => {
  const content = await setting.aContent()
  const client = await StompClient.signIn(app.url, (await setting.aPerson()).token)
  await client.subscribe(`/sub/contents/${content.id}/chat`)
  client.send(`SUBSCRIBE\nid:sub-0\ndestination:/sub/contents/${content.id}/watch\n\n`)
  expect(await refusal(client)).toMatchObject({ code: 'INVALID_REQUEST' })
})

test('S9 S11 in 1.0 a subscription may go without an id', async () => {
  const content = await setting.aContent()
  const client = new StompClient(app.url)
  await client.opened()
  client.send(connectFrame((await setting.aPerson()).token, ''))
  await client.next('CONNECTED')
  const destination = `/sub/contents/${content.id}/watch`
  client.send(`SUBSCRIBE\ndestination:${destination}\n\n`)
  const { headers } = await client.next('MESSAGE')
  expect(headers).toMatchObject({ destination, 'content-type': 'application/json' })
  expect(headers['message-id']).toBeTruthy()
  expect(headers).not.toHaveProperty('subscription')
  client.send(`UNSUBSCRIBE\ndestination:${destination}\nreceipt:out\n\n`)
  await client.next('RECEIPT')
  client.drop()
})

test('S4 in 1.0 blanks around the value of a header do not count, and a token may have them in any version', async () => {
  const [content, person] = [await setting.aContent(), await setting.aPerson()]
  const client = new StompClient(app.url)
  await client.opened()
  client.send(`CONNECT\nAuthorization: Bearer ${person.token}\n\n`)
  await client.next('CONNECTED')
  client.send(`SUBSCRIBE\nid: 7\ndestination: /sub/contents/${content.id}/watch\n\n`)
  expect((await client.next('MESSAGE')).headers['subscription']).toBe('7')
  client.drop()
})

test('T6 more than 256 frames waiting are too many', async () => {
  const content = await setting.aContent()
  const client = await StompClient.signIn(app.url, (await setting.aPerson()).token)
  const frame = `SEND\ndestination:/pub/contents/${content.id}/chat\n\n{"content":"x"}\0`
  client.sendRaw(JSON.stringify([frame.repeat(300)]))
  expect(await refusal(client)).toMatchObject({ code: 'TOO_MANY_REQUESTS' })
})

test('J3 a SockJS message that is not JSON is refused', async () => {
  const client = await StompClient.signIn(app.url, (await setting.aPerson()).token)
  client.sendRaw('nonsense')
  expect(await refusal(client)).toMatchObject({ code: 'MALFORMED_JSON' })
})

test('J4 the best subprotocol is agreed on', async () => {
  const client = new StompClient(app.url, { framing: 'raw', protocols: ['v10.stomp', 'v12.stomp'] })
  await client.opened()
  expect(client.socket.protocol).toBe('v12.stomp')
  client.drop()
})
