import { setTimeout as delay } from 'node:timers/promises'
import { channels, redisKeys, streamLength, ttlSeconds } from '@mopl/contracts/redis-keys'
import { appendEventScript } from '@mopl/infrastructure/append-event'
import { eventually, type TestApp } from '@mopl/infrastructure/testing'
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import * as v from 'valibot'
import { type EventStreamClient, openStream, type ServerSentEvent } from '../testing/event-source.ts'
import { seeded } from '../testing/random.ts'
import { openSetting, type Person, type Setting } from '../testing/setting.ts'

setDefaultTimeout(60_000)

let setting: Setting
let one: TestApp
let two: TestApp

beforeAll(async () => {
  setting = await openSetting()
  ;[one, two] = await Promise.all([setting.startSocket(), setting.startSocket()])
})
afterAll(() => setting.close())

/** As the worker does it. */
async function push({ userId }: Person, number: number, event = 'notifications'): Promise<string | null> {
  const [key, channel] = [redisKeys.eventStream(userId), channels.eventStream(userId)]
  const args = [channel, event, JSON.stringify({ number }), streamLength.events, '0']
  return v.parse(v.nullable(v.string()), await setting.redis.eval(appendEventScript, 1, key, ...args))
}
const numbers = (events: ServerSentEvent[]) =>
  events.map(({ data }) => (JSON.parse(data ?? '{}') as { number?: number }).number)
const closeAll = (...streams: EventStreamClient[]) => {
  for (const stream of streams) stream.close()
}

const partsOf = (id: string) => id.split('-').map(Number)
const inOrder = (ids: readonly string[]) =>
  ids.toSorted((left, right) => {
    const [[leftMs = 0, leftNumber = 0], [rightMs = 0, rightNumber = 0]] = [partsOf(left), partsOf(right)]
    return leftMs - rightMs || leftNumber - rightNumber
  })

test('E1 E2 events come with their id, name and data', async () => {
  const person = await setting.aPerson()
  const stream = await openStream(one.url, person.token)
  expect(stream.response.headers.get('content-type')).toStartWith('text/event-stream')
  expect(stream.response.headers.get('x-accel-buffering')).toBe('no')
  const id = await push(person, 1, 'direct-messages')
  expect(await stream.atLeast(1)).toEqual([{ id: id!, event: 'direct-messages', data: '{"number":1}' }])
  expect(await setting.redis.ttl(redisKeys.eventStream(person.userId))).toBeWithin(1, ttlSeconds.eventStream + 1)
  closeAll(stream)
})

test('E1 without a token there is no stream', async () => {
  const response = await fetch(`${one.url}/api/sse`)
  expect(response.status).toBe(401)
  expect(await response.json()).toMatchObject({ exceptionName: 'UNAUTHENTICATED' })
})

test('E1 another method is 405, and Allow says which there is', async () => {
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    const response = await fetch(`${one.url}/api/sse`, { method })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET'])
    expect(await response.json()).toMatchObject({ exceptionName: 'METHOD_NOT_ALLOWED', details: {} })
  }
})

test('E1 something is written at least every 15 s', async () => {
  const person = await setting.aPerson()
  const response = await fetch(`${one.url}/api/sse`, { headers: { authorization: `Bearer ${person.token}` } })
  const reader = response.body!.getReader()
  const decoder = new TextDecoder()
  let text = ''
  const startedAt = performance.now()
  while (!text.includes('\n:\n')) {
    const { value, done } = await reader.read()
    expect(done).toBe(false)
    text += decoder.decode(value)
  }
  expect(performance.now() - startedAt).toBeLessThan(15_000)
  await reader.cancel()
})

test('E4 said in several ways, what was seen last counts: a browser repeats the address it began with', async () => {
  const person = await setting.aPerson()
  const first = await openStream(one.url, person.token)
  const ids: string[] = []
  for (let number = 1; number <= 12; number += 1) ids.push((await push(person, number)) ?? '')
  await first.atLeast(12)
  const second = await openStream(two.url, person.token, {
    query: `?lastEventId=${ids[1]}&LastEventId=${ids[0]}`,
    headers: { 'last-event-id': ids[10] ?? '' },
  })
  const third = await openStream(two.url, person.token, {
    query: `?lastEventId=`,
    headers: { 'last-event-id': ids[10] ?? '' },
  })
  await push(person, 13)
  expect(numbers(await second.atLeast(2))).toEqual([12, 13])
  expect(numbers(await third.atLeast(2))).toEqual([12, 13])
  closeAll(first, second, third)
})

test('E4 whoever comes back gets what it missed, in order, none twice, by each of the three ways', async () => {
  const person = await setting.aPerson()
  const first = await openStream(one.url, person.token)
  await push(person, 0)
  await first.atLeast(1)
  const seen = first.lastId()
  first.close()
  for (let number = 1; number <= 150; number += 1) await push(person, number)
  const ways = [
    { query: `?lastEventId=${seen}` },
    { query: `?LastEventId=${seen}` },
    { headers: { 'last-event-id': seen } },
  ]
  for (const way of ways) {
    const stream = await openStream(two.url, person.token, way)
    await stream.atLeast(150)
    expect(numbers(stream.events)).toEqual(Array.from({ length: 150 }, (_, index) => index + 1))
    stream.close()
  }
})

test('E3 a client that drops before the first event continues too', async () => {
  const person = await setting.aPerson()
  const first = await openStream(one.url, person.token)
  first.close()
  await push(person, 1)
  const second = await openStream(two.url, person.token, { headers: { 'last-event-id': first.lastId() } })
  expect(numbers(await second.atLeast(1))).toEqual([1])
  closeAll(second)
})

test('E4 replay and live events meet without a gap or a double while events keep coming', async () => {
  const person = await setting.aPerson()
  const first = await openStream(one.url, person.token)
  const seen = first.lastId()
  const total = 120
  const pushing = (async () => {
    for (let number = 0; number < total; number += 1) await push(person, number)
  })()
  const later = await Promise.all(
    [one, two, one, two].map(({ url }) => openStream(url, person.token, { query: `?lastEventId=${seen}` })),
  )
  await pushing
  for (const stream of [first, ...later])
    expect(numbers(await stream.atLeast(total))).toEqual(Array.from({ length: total }, (_, index) => index))
  closeAll(first, ...later)
})

test.each(['nonsense', '1-1', '99999999999999-0'])('E5 an id that proves nothing (%s) brings a reset', async (id) => {
  const person = await setting.aPerson()
  const stream = await openStream(one.url, person.token, { query: `?lastEventId=${id}` })
  expect((await stream.atLeast(1))[0]).toMatchObject({ event: 'reset', data: '{}' })
  await push(person, 1)
  expect((await stream.atLeast(2)).map(({ event }) => event)).toEqual(['reset', 'notifications'])
  closeAll(stream)
})

test('E5 an id older than what is kept brings a reset', async () => {
  const person = await setting.aPerson()
  const first = await openStream(one.url, person.token)
  const seen = first.lastId()
  await push(person, 0)
  await first.atLeast(1)
  first.close()
  await setting.redis.xtrim(redisKeys.eventStream(person.userId), 'MAXLEN', 1)
  const second = await openStream(one.url, person.token, { query: `?lastEventId=${seen}` })
  expect((await second.atLeast(1))[0]).toMatchObject({ event: 'reset' })
  closeAll(second)
})

test('E5 an open stream that fell behind what is kept is told so, and goes on', async () => {
  const person = await setting.aPerson()
  const stream = await openStream(one.url, person.token)
  const key = redisKeys.eventStream(person.userId)
  // Their announcements are lost.
  for (let number = 0; number < 50; number += 1)
    await setting.redis.xadd(key, 'MAXLEN', 10, '*', 'event', 'notifications', 'data', JSON.stringify({ number }))
  await push(person, 50)
  expect((await stream.atLeast(1)).map(({ event }) => event)).toEqual(['reset'])
  await push(person, 51)
  expect(numbers(await stream.atLeast(2))).toEqual([undefined, 51])
  closeAll(stream)
})

test('E4 E5 whoever comes and goes while many write gets every event once, in order, or is told to reload', async () => {
  const random = seeded(20_261_125)
  const person = await setting.aPerson()
  const first = await openStream(one.url, person.token)
  const start = first.lastId()
  first.close()
  const ids: string[] = []
  const total = 3_000
  // About a thousand events a second: what is kept lasts for a quarter of one.
  const writingPauseMs = 3
  const writing = Array.from({ length: 4 }, async () => {
    while (ids.length < total) {
      ids.push((await push(person, ids.length)) ?? '')
      await delay(writingPauseMs)
    }
  })

  /** A client's life: what it was told, in order, over all its connections. */
  async function comeAndGo(): Promise<ServerSentEvent[]> {
    const told: ServerSentEvent[] = []
    for (let lastId = start; ;) {
      const isLast = ids.length >= total
      const stream = await openStream(random.pick([one, two]).url, person.token, { query: `?lastEventId=${lastId}` })
      if (isLast) await Promise.all(writing)
      const enough = 1 + random.below(60)
      await eventually('enough', () =>
        isLast ? stream.lastId() === inOrder(ids).at(-1) : ids.length >= total || stream.events.length >= enough,
      )
      lastId = stream.lastId()
      told.push(...stream.events)
      stream.close()
      if (isLast) return told
      // Mostly a short absence; now and then one that is longer than what is kept.
      const backAt = Math.min(total, ids.length + random.below(random.chance(0.2) ? 500 : 50))
      await eventually('time to come back', () => ids.length >= backAt)
    }
  }
  const lives = await Promise.all(Array.from({ length: 6 }, comeAndGo))

  const all = inOrder(ids)
  const resets = lives.flat().filter(({ event }) => event === 'reset').length
  expect(resets).toBeGreaterThan(0)
  for (const told of lives) {
    let next = 0
    for (const { id = '', event } of told) {
      // A reset jumps forward, an event is the next one.
      if (event === 'reset') expect(all.indexOf(id)).toBeGreaterThanOrEqual(next)
      else expect([all[next], next]).toEqual([id, next])
      next = all.indexOf(id) + 1
    }
    expect(next).toBe(all.length)
  }
})

test('E6 each of a user’s streams gets everything, and closing one leaves the others', async () => {
  const person = await setting.aPerson()
  const [a, b, c] = await Promise.all([one, one, two].map(({ url }) => openStream(url, person.token)))
  await push(person, 1)
  for (const stream of [a!, b!, c!]) await stream.atLeast(1)
  a!.close()
  await eventually('the instance has noticed', async () => {
    const metrics = await (await fetch(`${one.url}/actuator/prometheus`)).text()
    return /mopl_socket_connections\{transport="sse".*\} 1\n/.test(metrics)
  })
  await push(person, 2)
  for (const stream of [b!, c!]) expect(numbers(await stream.atLeast(2))).toEqual([1, 2])
  closeAll(b!, c!)
})

test('T7 a stream whose reader stands still is closed and counted, and can be continued', async () => {
  const person = await setting.aPerson()
  const url = new URL(one.url)
  const idle = await Bun.connect({ hostname: url.hostname, port: Number(url.port), socket: { data: () => undefined } })
  idle.pause()
  idle.write(`GET /api/sse HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${person.token}\r\n\r\n`)
  await eventually('the stream is open', () => setting.redis.exists(redisKeys.eventStream(person.userId)).then(Boolean))
  const key = redisKeys.eventStream(person.userId)
  await eventually(
    'the slow reader is counted',
    async () => {
      const id = await setting.redis.xadd(key, 'MAXLEN', 20, '*', 'event', 'notifications', 'data', 'x'.repeat(100_000))
      await setting.redis.spublish(channels.eventStream(person.userId), id ?? '')
      const metrics = await (await fetch(`${one.url}/actuator/prometheus`)).text()
      return /mopl_socket_slow_readers_closed_total\{transport="sse".*\} 1\n/.test(metrics)
    },
    20_000,
  )
  idle.end()
})
