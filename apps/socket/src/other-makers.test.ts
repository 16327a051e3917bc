/** STOMP clients of other makers and languages: what one library forgives, another one does not. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { Duplex } from 'node:stream'
import { eventually, type TestApp } from '@mopl/infrastructure/testing'
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import SockJS from 'sockjs-client'
import { Client as StompitClient } from 'stompit'
import webstomp from 'webstomp-client'
import { openSetting, type Setting } from './testing/setting.ts'

setDefaultTimeout(60_000)

let setting: Setting
let app: TestApp

beforeAll(async () => {
  setting = await openSetting()
  app = await setting.startSocket()
})
afterAll(() => setting.close())

/** The system's own, where `bin/test` has stomp.py from the system's packages. */
const python = '/usr/bin/python3'
const pythonScript = `${import.meta.dir}/testing/stomp_py_client.py`

async function aVisit() {
  const [content, person] = await Promise.all([setting.aContent(), setting.aPerson({ name: 'Ann' })])
  const [watch, chat] = ['watch', 'chat'].map((what) => `/sub/contents/${content.id}/${what}`) as [string, string]
  return { content, person, watch, chat, headers: { Authorization: `Bearer ${person.token}` } }
}

test.each(['websocket', 'xhr-streaming'])('R1 C2 S6 webstomp-client over SockJS with %s', async (transports) => {
  const { content, person, watch, chat, headers } = await aVisit()
  const client = webstomp.over(new SockJS(`${app.url}/ws`, null, { transports }), { debug: false })
  const received: unknown[] = []
  const receipts: string[] = []
  const onMessage = ({ body }: { body: string }) => void received.push(JSON.parse(body))
  client.onreceipt = (frame) => receipts.push(String(frame.headers['receipt-id']))
  await new Promise<void>((resolve, reject) => client.connect(headers, () => resolve(), reject))
  client.subscribe(watch, onMessage)
  await eventually('the JOIN', () => received.length === 1)
  client.subscribe(chat, onMessage)
  client.send(`/pub/contents/${content.id}/chat`, JSON.stringify({ content: '안녕' }), { receipt: 'said' })
  await eventually('the line', () => received.length === 2 && receipts.length === 1)
  expect(received).toMatchObject([
    { type: 'JOIN', watcherCount: 1 },
    { sender: { userId: person.userId, name: 'Ann' }, content: '안녕' },
  ])
  await new Promise<void>((resolve) => client.disconnect(resolve))
})

test('R1 C2 S11 stompit over a plain WebSocket', async () => {
  const { content, watch, chat, headers } = await aVisit()
  const client = new StompitClient(await openDuplex())
  await new Promise<void>((resolve, reject) => {
    client.connect({ 'accept-version': '1.2', host: 'mopl', ...headers }, (error) =>
      error ? reject(error) : resolve(),
    )
  })
  const received: unknown[] = []
  for (const destination of [watch, chat])
    client.subscribe({ destination, ack: 'client-individual' }, (error, message) => {
      if (error) throw error
      message.readString('utf8', (failure, body = '') => {
        if (failure) throw failure
        received.push(JSON.parse(body))
        client.ack(message)
      })
    })
  await eventually('the JOIN', () => received.length === 1)
  const frame = client.send({ destination: `/pub/contents/${content.id}/chat`, 'content-type': 'application/json' })
  frame.end(JSON.stringify({ content: '안녕' }))
  await eventually('the line', () => received.length === 2)
  expect(received).toMatchObject([{ type: 'JOIN' }, { sender: { name: 'Ann' }, content: '안녕' }])
  await new Promise<void>((resolve) => client.disconnect(() => resolve()))
})

test('R1 C2 S2 stomp.py, whose TCP is carried over a plain WebSocket', async () => {
  const { content, person } = await aVisit()
  const bridge = createServer((socket) => {
    openDuplex().then(
      (duplex) => socket.pipe(duplex).pipe(socket),
      () => socket.destroy(),
    )
  })
  bridge.listen(0, '127.0.0.1')
  await once(bridge, 'listening')
  const { port } = bridge.address() as AddressInfo
  const client = Bun.spawn([python, pythonScript, String(port), person.token, content.id], { stderr: 'inherit' })
  const lines = (await client.stdout.text()).trim().split('\n')
  expect(await client.exited).toBe(0)
  bridge.close()
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { subscription: 'watch', body: { type: 'JOIN', watcherCount: 1 } },
    { subscription: 'chat', body: { sender: { name: 'Ann' }, content: '파이썬' } },
  ])
})

/** A client written for TCP does not see that there is a WebSocket: its bytes are cut into messages anywhere. */
async function openDuplex(): Promise<Duplex> {
  const socket = new WebSocket(`${app.url.replace('http', 'ws')}/ws/websocket`, 'v12.stomp')
  socket.binaryType = 'arraybuffer'
  await once(socket, 'open')
  const duplex = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      socket.send(chunk)
      done()
    },
    final: (done) => {
      socket.close()
      done()
    },
  })
  socket.addEventListener('message', ({ data }) => duplex.push(Buffer.from(data as string)))
  socket.addEventListener('close', () => duplex.push(null))
  return duplex
}
