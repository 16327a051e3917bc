/** Who may connect, who may stay, and what the process answers to everybody else. */
import { channels, redisKeys } from '@mopl/contracts/redis-keys'
import { createAccessTokens } from '@mopl/infrastructure/access-tokens'
import { newId } from '@mopl/infrastructure/ids'
import { eventually, type TestApp } from '@mopl/infrastructure/testing'
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { openStream } from './testing/event-source.ts'
import { startOwnRedis } from './testing/own-redis.ts'
import { openSetting, type Person, type Setting } from './testing/setting.ts'
import { connectFrame, StompClient } from './testing/stomp-client.ts'

setDefaultTimeout(60_000)

let setting: Setting
let one: TestApp
let two: TestApp

beforeAll(async () => {
  setting = await openSetting()
  const env = { ALLOWED_ORIGINS: 'https://mopl.example' }
  ;[one, two] = await Promise.all([setting.startSocket(env), setting.startSocket(env)])
})
afterAll(() => setting.close())

async function revoke({ userId }: Person, newSessionId = newId()): Promise<void> {
  await setting.redis.set(redisKeys.authSession(userId), newSessionId, 'EX', 60)
  const announcement = JSON.stringify({ userId, keepSessionId: newSessionId })
  await setting.redis.publish(channels.sessionRevoked, announcement)
}

const errorCode = async (client: StompClient) =>
  (JSON.parse((await client.next('ERROR')).body) as { exceptionName: string }).exceptionName

test('T2 a token of an ended session is refused', async () => {
  const person = await setting.aPerson()
  await setting.redis.set(redisKeys.authSession(person.userId), newId(), 'EX', 60)
  const client = new StompClient(one.url)
  await client.opened()
  client.send(connectFrame(person.token))
  expect(await errorCode(client)).toBe('SESSION_ENDED')
  await client.untilClosed()
})

test('T2 the name of the Authorization header may be written in any case', async () => {
  const client = new StompClient(one.url)
  await client.opened()
  client.send(connectFrame((await setting.aPerson()).token).replace('Authorization', 'authorization'))
  await client.next('CONNECTED')
  client.drop()
})

test('T2 a token signed with another key is refused', async () => {
  const stranger = createAccessTokens('another secret, just as long as the real one')
  const client = new StompClient(one.url)
  await client.opened()
  client.send(connectFrame(await stranger.sign({ id: newId(), role: 'USER', sessionId: newId() })))
  expect(await errorCode(client)).toBe('INVALID_TOKEN')
})

test('T3 whoever does not sign in within 5 s is sent away', async () => {
  const client = new StompClient(one.url)
  await client.opened()
  const openedAt = performance.now()
  const error = await client.next('ERROR', () => true, 10_000)
  expect(error.body).toContain('UNAUTHENTICATED')
  expect(performance.now() - openedAt).toBeWithin(4_800, 8_000)
  await client.untilClosed()
})

test('T4 a new sign-in elsewhere ends sockets and streams on every instance, and nobody else’s', async () => {
  const [person, other] = await Promise.all([setting.aPerson(), setting.aPerson()])
  const clients = await Promise.all([one, two].map(({ url }) => StompClient.signIn(url, person.token)))
  const bystander = await StompClient.signIn(one.url, other.token)
  const stream = await openStream(two.url, person.token)
  await revoke(person)
  const revokedAt = performance.now()
  for (const client of clients) {
    expect(await errorCode(client)).toBe('SESSION_ENDED')
    expect(await client.untilClosed()).toMatchObject({ code: 1008 })
  }
  await stream.ended
  expect(performance.now() - revokedAt).toBeLessThan(1_000)
  bystander.send('ACK\nid:1\nreceipt:alive\n\n')
  await bystander.next('RECEIPT')
  bystander.drop()
})

test('T1 pages of the list and of the own host may connect, others may not', async () => {
  const origins = { 'https://mopl.example': true, [one.url]: true, 'https://evil.example': false, null: false }
  for (const [origin, allowed] of Object.entries(origins)) {
    const client = new StompClient(one.url, { headers: { origin } })
    await eventually(`an answer to ${origin}`, () => client.socket.readyState !== WebSocket.CONNECTING)
    expect([origin, client.socket.readyState === WebSocket.OPEN]).toEqual([origin, allowed])
    client.drop()
    const response = await fetch(`${one.url}/ws/info`, { headers: { origin } })
    expect(response.headers.get('access-control-allow-origin')).toBe(allowed ? origin : null)
    expect((await fetch(`${one.url}/api/sse`, { headers: { origin } })).status).toBe(allowed ? 401 : 403)
  }
})

test('T4 E1 a session that ends while its event streams are being opened is refused, or the stream ends', async () => {
  for (let round = 0; round < 20; round += 1) {
    const person = await setting.aPerson()
    const headers = { authorization: `Bearer ${person.token}` }
    const opening = Promise.all(Array.from({ length: 20 }, () => fetch(`${one.url}/api/sse`, { headers })))
    // At another moment each time.
    for (let pings = 0; pings < round; pings += 1) await setting.redis.ping()
    await revoke(person)
    for (const response of await opening) {
      const body = await response.text()
      if (response.ok) expect(response.headers.get('content-type')).toStartWith('text/event-stream')
      else expect([response.status, body]).toEqual([401, expect.stringContaining('SESSION_ENDED')])
    }
  }
})

test('T4 a revocation is heard also where nobody is subscribed to anything any more, and after the link was down', async () => {
  const redis = await startOwnRedis()
  const apart = await openSetting(redis.url)
  try {
    const { url } = await apart.startSocket()
    const [content, person] = [await apart.aContent(), await apart.aPerson()]
    const client = await StompClient.signIn(url, person.token)
    await client.subscribe(`/sub/contents/${content.id}/chat`, 'first')
    client.send('UNSUBSCRIBE\nid:first\nreceipt:gone\n\n')
    await client.next('RECEIPT')
    await client.subscribe(`/sub/contents/${content.id}/chat`, 'second')
    await apart.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    const listeners = () => apart.redis.pubsub('NUMSUB', channels.sessionRevoked)
    await eventually('the instance listens again', async () => Number((await listeners())[1]) === 1)
    client.send('UNSUBSCRIBE\nid:second\nreceipt:gone\n\n')
    await client.next('RECEIPT')
    await apart.redis.publish(channels.sessionRevoked, JSON.stringify({ userId: person.userId }))
    expect(await errorCode(client)).toBe('SESSION_ENDED')
  } finally {
    await apart.close()
    await redis.close()
  }
})

test('T1 behind a gateway the own host is the one the client asked for', async () => {
  const headers = { origin: 'https://behind.example:8443', 'x-forwarded-host': 'behind.example:8443' }
  const client = new StompClient(one.url, { headers })
  await client.opened()
  client.drop()
})

test('T4 a revocation that nobody heard, the link to Redis being down, counts as soon as the link is back', async () => {
  const redis = await startOwnRedis()
  const apart = await openSetting(redis.url)
  try {
    const [here, there] = await Promise.all([apart.startSocket(), apart.startSocket()])
    const [person, other] = await Promise.all([apart.aPerson(), apart.aPerson()])
    const clients = await Promise.all([here, there].map(({ url }) => StompClient.signIn(url, person.token)))
    const stream = await openStream(there.url, person.token)
    const bystander = await StompClient.signIn(here.url, other.token)
    await apart.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await apart.redis.set(redisKeys.authSession(person.userId), newId(), 'EX', 60)
    for (const client of clients) expect(await errorCode(client)).toBe('SESSION_ENDED')
    await stream.ended
    bystander.send('ACK\nid:1\nreceipt:alive\n\n')
    await bystander.next('RECEIPT')
    bystander.drop()
  } finally {
    await apart.close()
    await redis.close()
  }
})

test('T5 connections outlive their token while the session is in force, and end with it, on every instance', async () => {
  const [staying, leaving] = await Promise.all([setting.aPerson(), setting.aPerson()])
  const expiresAt = Math.floor(Date.now() / 1000) + 7
  const connect = async (person: Person) => {
    const token = setting.tokenOf(person, expiresAt)
    const clients = await Promise.all([one, two].map(({ url }) => StompClient.signIn(url, token)))
    const streams = await Promise.all([one, two].map(({ url }) => openStream(url, token)))
    return { clients, streams }
  }
  // An instance remembers for 5 s that a session is in force.
  const [stays, leaves] = await Promise.all([connect(staying), connect(leaving)])
  // Unannounced, as when nobody refreshes the session.
  await setting.redis.del(redisKeys.authSession(leaving.userId))
  for (const client of leaves.clients)
    expect((await client.next('ERROR', () => true, 15_000)).body).toContain('SESSION_ENDED')
  await Promise.all(leaves.streams.map(({ ended }) => ended))
  // The check is made within a second of the expiry.
  expect(Date.now() - expiresAt * 1_000).toBeWithin(0, 2_500)
  for (const client of stays.clients) {
    client.send('ACK\nid:1\nreceipt:alive\n\n')
    await client.next('RECEIPT')
    client.drop()
  }
  const id = await setting.redis.xadd(
    redisKeys.eventStream(staying.userId),
    '*',
    'event',
    'notifications',
    'data',
    '{}',
  )
  await setting.redis.spublish(channels.eventStream(staying.userId), id ?? '')
  for (const stream of stays.streams) {
    await stream.atLeast(1)
    stream.close()
  }
})

test('T6 a WebSocket message over 64 KB closes its connection', async () => {
  const client = await StompClient.signIn(one.url, (await setting.aPerson()).token)
  client.sendRaw('x'.repeat(65 * 1024))
  expect((await client.untilClosed()).code).not.toBe(1000)
})

test('J1 the plain pages of SockJS', async () => {
  expect(await (await fetch(`${one.url}/ws`)).text()).toBe('Welcome to SockJS!\n')
  const info = await fetch(`${one.url}/ws/info`)
  expect(await info.json()).toEqual({
    websocket: true,
    origins: ['*:*'],
    cookie_needed: false,
    entropy: expect.any(Number),
  })
  expect(info.headers.get('cache-control')).toContain('no-store')
  const page = await fetch(`${one.url}/ws/iframe-1.6.1.html`)
  expect(await page.text()).toContain('SockJS.bootstrap_iframe')
  const again = await fetch(`${one.url}/ws/iframe.html`, {
    headers: { 'if-none-match': page.headers.get('etag') ?? '' },
  })
  expect(again.status).toBe(304)
  const preflight = await fetch(`${one.url}/ws/info`, {
    method: 'OPTIONS',
    headers: { origin: 'https://mopl.example' },
  })
  expect(preflight.status).toBe(204)
  expect(preflight.headers.get('access-control-allow-origin')).toBe('https://mopl.example')
})

test.each([
  '/',
  '/ws/nothing',
  '/ws/a/b/nothing',
  '/api/users',
  '/actuator',
  '/actuator/env',
  '/%00',
  '/ws/iframe.html/x',
])('T10 %s is 404 with the error body', async (path) => {
  const response = await fetch(one.url + path)
  expect(response.status).toBe(404)
  expect(await response.json()).toMatchObject({ exceptionName: 'ROUTE_NOT_FOUND', details: {} })
})

test('K1 the actuator tells that the process is ready and what it counts', async () => {
  expect(await (await fetch(`${one.url}/actuator/health/readiness`)).json()).toEqual({
    status: 'UP',
    components: { redis: 'UP', subscriber: 'UP' },
  })
  expect((await fetch(`${one.url}/actuator/health/liveness`)).status).toBe(200)
  const metrics = await (await fetch(`${one.url}/actuator/prometheus`)).text()
  expect(metrics).toContain('mopl_socket_refusals_total{code="UNAVAILABLE"')
  expect(metrics).toMatch(/mopl_socket_connections\{transport="sockjs".*\} \d/)
})
