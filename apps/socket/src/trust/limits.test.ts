/** Each limit, run into on purpose, on an instance where they are small. */
import { eventually, type TestApp } from '@mopl/infrastructure/testing'
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { openStream } from '../testing/event-source.ts'
import { metricOf } from '../testing/metrics.ts'
import { openRawSocket } from '../testing/raw-socket.ts'
import { openSetting, type Person, type Setting } from '../testing/setting.ts'
import { SockJsHttp } from '../testing/sockjs-http.ts'
import { StompClient } from '../testing/stomp-client.ts'
import type { LimitName } from './limits.ts'

setDefaultTimeout(60_000)

const small = {
  MAX_FRAMES_PER_SECOND: '2',
  MAX_BYTES_PER_SECOND: '1024',
  MAX_SUBSCRIPTIONS: '3',
  MAX_CONNECTIONS_PER_USER: '3',
  MAX_CONNECTIONS_PER_ADDRESS: '4',
  SIGN_IN_WITHIN_MS: '500',
  IDLE_TIMEOUT_SECONDS: '8',
  TRUSTED_PROXIES: '10.0.0.0/8',
}

let setting: Setting
let app: TestApp
let hosts = 0

beforeAll(async () => {
  setting = await openSetting()
  app = await setting.startSocket(small)
})
afterAll(() => setting.close())

/** Every test comes from an address of its own. */
const anAddress = () => ({ 'x-forwarded-for': `203.0.113.${(hosts += 1)}` })
const signIn = ({ token }: Person, headers = anAddress()) => StompClient.signIn(app.url, token, { headers })
const counted = (limit: LimitName) => metricOf(app, 'mopl_socket_limits_exceeded_total', `limit="${limit}"`)

async function refused(client: StompClient, limit: LimitName): Promise<void> {
  const error = JSON.parse((await client.next('ERROR')).body) as { exceptionName: string; details: object }
  expect(error.exceptionName).toBe('TOO_MANY_REQUESTS')
  expect(Object.keys(error.details)).toEqual([limit])
  expect(await client.untilClosed()).toMatchObject({ code: 1008 })
  expect(await counted(limit)).toBe(1)
}

test('T11 a connection that sends more frames than ten seconds’ worth at once is closed', async () => {
  const client = await signIn(await setting.aPerson())
  // The CONNECT was one of the twenty.
  for (let number = 0; number < 19; number += 1) client.send(`ACK\nid:1\nreceipt:${number}\n\n`)
  await client.next('RECEIPT', ({ headers }) => headers['receipt-id'] === '18')
  for (let number = 0; number < 20; number += 1) client.send('ACK\nid:1\n\n')
  await refused(client, 'frames-per-second')
})

test('T12 a connection that sends more bytes than ten seconds’ worth at once is closed, frames or not', async () => {
  const client = await signIn(await setting.aPerson())
  for (let message = 0; message < 11; message += 1) client.sendRaw(JSON.stringify(['\n'.repeat(512)]))
  await refused(client, 'bytes-per-second')
})

test('T6 a subscription too many closes the connection', async () => {
  const [client, content] = [await signIn(await setting.aPerson()), await setting.aContent()]
  for (const id of ['a', 'b', 'c']) await client.subscribe(`/sub/contents/${content.id}/chat`, id)
  client.send(`SUBSCRIBE\nid:d\ndestination:/sub/contents/${content.id}/chat\n\n`)
  await refused(client, 'subscriptions')
})

test('T13 a user’s connections, sockets and streams alike, are counted; a place that is left is free again', async () => {
  const [person, other] = await Promise.all([setting.aPerson(), setting.aPerson()])
  const [first] = await Promise.all([signIn(person), signIn(person)])
  const stream = await openStream(app.url, person.token, { headers: anAddress() })
  const tooMany = await fetch(`${app.url}/api/sse`, {
    headers: { authorization: `Bearer ${person.token}`, ...anAddress() },
  })
  expect([tooMany.status, tooMany.headers.get('retry-after')]).toEqual([429, '5'])
  expect(await tooMany.json()).toMatchObject({ exceptionName: 'TOO_MANY_REQUESTS' })
  expect(await counted('connections-per-user')).toBe(1)
  await signIn(other)
  first.send('DISCONNECT\n\n')
  await first.untilClosed()
  await signIn(person)
  stream.close()
})

test('T14 an address’ connections of every transport are counted, as our own proxies name it', async () => {
  const headers = { 'x-forwarded-for': '198.51.100.1, 192.0.2.7, 10.1.1.1' }
  const open = () => StompClient.signIn(app.url, person.token, { headers })
  const person = await setting.aPerson()
  const [first] = await Promise.all([open(), open()])
  const stream = await openStream(app.url, person.token, { headers })
  const polling = new SockJsHttp(app.url)
  expect((await polling.post('xhr', '', headers)).status).toBe(200)
  // What stands left of the address was said by the client, and makes no difference.
  const claims = { 'x-forwarded-for': '203.0.113.200, 192.0.2.7' }
  const refusals = [
    fetch(`${app.url}/api/sse`, { headers: { authorization: `Bearer ${person.token}`, ...claims } }),
    new SockJsHttp(app.url).post('xhr', '', claims),
  ]
  for (const refusal of refusals) expect((await refusal).status).toBe(429)
  const client = new StompClient(app.url, { headers: claims })
  await eventually('a refusal', () => client.socket.readyState === WebSocket.CLOSED)
  expect(await counted('connections-per-address')).toBe(3)
  // The session that is there is not asked again.
  expect((await polling.post('xhr_send', '["\\n"]', headers)).status).toBe(204)
  first.drop()
  await eventually('the place is free', async () => {
    const next = new StompClient(app.url, { headers })
    await eventually('an answer', () => next.socket.readyState !== WebSocket.CONNECTING)
    return next.socket.readyState === WebSocket.OPEN
  })
  stream.close()
})

test('T3 whoever does not sign in in time is counted', async () => {
  const before = await counted('sign-in-time')
  const client = new StompClient(app.url, { headers: anAddress() })
  expect((await client.next('ERROR')).body).toContain('UNAUTHENTICATED')
  expect(await counted('sign-in-time')).toBeGreaterThan(before)
})

test('T8 a connection that does not even answer pings is closed and counted; one that does, stays', async () => {
  const quiet = await signIn(await setting.aPerson())
  const dead = await openRawSocket(app, anAddress())
  const { token } = await setting.aPerson()
  dead.send(`CONNECT\nAuthorization:Bearer ${token}\n\n\0`)
  await eventually('the dead line is given up', async () => (await counted('idle-time')) === 1, 20_000)
  quiet.send('ACK\nid:1\nreceipt:alive\n\n')
  await quiet.next('RECEIPT')
  dead.destroy()
})
