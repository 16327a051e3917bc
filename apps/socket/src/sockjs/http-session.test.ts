/** The life of a SockJS session over HTTP. */
import { connect } from 'node:net'
import { eventually, type TestApp } from '@mopl/infrastructure/testing'
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { openSetting, type Setting } from '../testing/setting.ts'
import { openSession, SockJsHttp } from '../testing/sockjs-http.ts'
import { connectFrame, StompClient } from '../testing/stomp-client.ts'

setDefaultTimeout(60_000)

let setting: Setting
let app: TestApp

beforeAll(async () => {
  setting = await openSetting()
  app = await setting.startSocket()
})
afterAll(() => setting.close())

const aSession = async () => openSession(app.url, (await setting.aPerson()).token)

const chat = ({ id }: { id: string }) => `/sub/contents/${id}/chat`

test('J7 one response receives at a time', async () => {
  const session = new SockJsHttp(app.url)
  const first = await session.open('xhr_streaming')
  await first.until('o\n')
  expect(await session.poll()).toBe('c[2010,"Another connection still open"]\n')
  const second = await session.open('xhr_streaming')
  await second.ended
  expect(second.text()).toEndWith('\nc[2010,"Another connection still open"]\n')
  first.abort()
})

test('J7 a session that is over says so to whoever comes for it, after the last message', async () => {
  const session = await aSession()
  await session.send('SUBSCRIBE\nid:1\ndestination:/sub/nothing\n\n')
  expect(await session.poll()).toContain('DESTINATION_NOT_FOUND')
  expect(await session.poll()).toBe('c[1008,"DESTINATION_NOT_FOUND"]\n')
  const stream = await session.open('xhr_streaming')
  await stream.ended
  expect(stream.text()).toEndWith('\nc[1008,"DESTINATION_NOT_FOUND"]\n')
})

test('J9 an aborted response interrupts the session', async () => {
  const session = new SockJsHttp(app.url)
  const stream = await session.open('xhr_streaming')
  await stream.until('o\n')
  stream.abort()
  await eventually('the session is over', async () => (await session.poll()) === 'c[1002,"Connection interrupted"]\n')
})

test('J9 R4 a client that stays away is lost after 5 s, and its user leaves the room', async () => {
  const content = await setting.aContent()
  const witness = await StompClient.signIn(app.url, (await setting.aPerson()).token)
  const session = await aSession()
  await session.send(`SUBSCRIBE\nid:1\ndestination:/sub/contents/${content.id}/watch\nreceipt:r\n\n`)
  expect(await session.poll()).toContain('JOIN')
  await witness.subscribe(`/sub/contents/${content.id}/watch`)
  expect(await witness.nextMessage<object>()).toMatchObject({ type: 'JOIN', watcherCount: 2 })
  expect(await witness.nextMessage<object>('sub-0', 15_000)).toMatchObject({ type: 'LEAVE', watcherCount: 1 })
  expect((await session.post('xhr_send', '["x"]')).status).toBe(404)
  expect(await session.poll()).toBe('o\n')
})

test('J6 the session is named by the second part of the path, the first is anything', async () => {
  const id = crypto.randomUUID()
  expect(await new SockJsHttp(app.url, `000/${id}`).poll()).toBe('o\n')
  const waiting = new SockJsHttp(app.url, `999/${id}`).poll()
  expect((await new SockJsHttp(app.url, `1/${id}`).post('xhr_send', '["CONNECT\\n\\n\\u0000"]')).status).toBe(204)
  expect(await waiting).toContain('UNAUTHENTICATED')
  expect((await new SockJsHttp(app.url).post('xhr_send', '["x"]')).status).toBe(404)
})

test.each(['//', '/a./a', '/a/a.', '/./.', '/', '///', '/a'])(
  'J6 %s/xhr is not the path of a session',
  async (path) => {
    expect((await fetch(`${app.url}/ws${path}/xhr`, { method: 'POST' })).status).toBe(404)
  },
)

test.each(['abcdefgh_i-j%20/abcdefg_i-j%20', '_/_', '1/1'])('J6 %s is', async (path) => {
  const session = new SockJsHttp(app.url, `${path}${Math.random().toString().slice(2)}`)
  expect(await session.poll()).toBe('o\n')
})

test('T3 nobody stays without signing in over HTTP either', async () => {
  const session = new SockJsHttp(app.url)
  const stream = await session.open('xhr_streaming')
  await stream.ended
  expect(stream.text()).toContain('UNAUTHENTICATED')
  expect(stream.text()).toEndWith('c[1008,"UNAUTHENTICATED"]\n')
})

test('J10 a beat every so often; a client that was not heard since the last one has to come back', async () => {
  const beating = await setting.startSocket({ SOCKJS_BEAT_MS: '2000' })
  const session = new SockJsHttp(beating.url)
  const stream = await session.open('xhr_streaming')
  await session.send(connectFrame((await setting.aPerson()).token))
  await stream.until(']\nh\n')
  await stream.ended
  expect(stream.text()).toEndWith('\\u0000"]\nh\n')
  expect(await session.poll()).toBe('h\n')
})

test('R8 J7 a process that stops sends its sessions away and takes no new ones', async () => {
  const stopping = await setting.startSocket()
  const [session, idle] = [new SockJsHttp(stopping.url), new SockJsHttp(stopping.url)]
  const stream = await session.open('xhr_streaming')
  const poll = idle.poll().then(() => idle.poll())
  await session.send(connectFrame((await setting.aPerson()).token))
  await stream.until('CONNECTED')
  stopping.kill('SIGTERM')
  await stream.ended
  expect(stream.text()).toEndWith('\nc[1012,"Service Restart"]\n')
  expect(await poll).toBe('c[1012,"Service Restart"]\n')
  expect(await stopping.exited).toBe(0)
})

test('T7 a client that does not take what waits for it is sent away and counted', async () => {
  const content = await setting.aContent()
  const session = await aSession()
  const subscribe = (id: number) => `SUBSCRIBE\nid:${id}\ndestination:${chat(content)}\n\n`
  await session.send(...Array.from({ length: 99 }, (_, id) => subscribe(id)), subscribe(99))
  const sender = await StompClient.signIn(app.url, (await setting.aPerson()).token)
  const body = JSON.stringify({ content: 'x'.repeat(900) })
  for (const id of ['1', '2', '3', '4'])
    sender.send(`SEND\ndestination:/pub/contents/${content.id}/chat\nreceipt:${id}\n\n${body}`)
  await eventually('it is counted', async () => {
    const metrics = await (await fetch(`${app.url}/actuator/prometheus`)).text()
    return /slow_readers_closed_total\{transport="http".*\} 1\n/.test(metrics)
  })
  expect(await session.poll()).toBe('c[1008,"SLOW_READER"]\n')
})

test('T7 C5 a client that reads gets all that it missed, however much at once', async () => {
  const content = await setting.aContent()
  const speaker = await StompClient.signIn(app.url, (await setting.aPerson()).token)
  // Quoted twice, the longest that there are: 7 KB a line.
  const body = JSON.stringify({ content: '\u0001'.repeat(1_000) })
  for (let line = 0; line < 50; line += 1) {
    speaker.send(`SEND\ndestination:/pub/contents/${content.id}/chat\nreceipt:${line}\n\n${body}`)
    await speaker.next('RECEIPT')
  }
  const session = await aSession()
  const response = await session.open('xhr_streaming')
  await session.send(`SUBSCRIBE\nid:1\ndestination:${chat(content)}\nlast-message-id:0\nreceipt:all\n\n`)
  await response.ended
  let text = response.text()
  while (!text.includes('receipt-id:all') && !text.includes('c[')) text += await session.poll()
  expect(text).toContain('receipt-id:all')
  expect(text.split('MESSAGE').length - 1).toBe(50)
})

test('T7 T9 a client that asks on and on without reading is cut off, and its session with it', async () => {
  const content = await setting.aContent()
  const session = await aSession()
  const subscriptions = Array.from({ length: 50 }, (_, id) => `SUBSCRIBE\nid:${id}\ndestination:${chat(content)}\n\n`)
  await session.send(...subscriptions)
  const sender = await StompClient.signIn(app.url, (await setting.aPerson()).token)
  const { hostname, port, pathname } = new URL(session.url)
  const socket = connect(Number(port), hostname)
  socket.pause()
  let isCutOff = false
  socket.once('error', () => (isCutOff = true))
  const body = JSON.stringify({ content: 'x'.repeat(900) })
  await eventually(
    'it is cut off',
    async () => {
      socket.write(`POST ${pathname}/xhr HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`)
      sender.send(`SEND\ndestination:/pub/contents/${content.id}/chat\nreceipt:r\n\n${body}`)
      await sender.next('RECEIPT')
      return isCutOff
    },
    30_000,
  )
  expect(await session.poll()).toBe('c[1002,"Connection interrupted"]\n')
  sender.drop()
})
