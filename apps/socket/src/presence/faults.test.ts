/** Instances that die, freeze, stop, and a Redis that loses everything. */
import type { ContentSummary, WatchMessage } from '@mopl/contracts/realtime'
import { redisKeys, ttlSeconds } from '@mopl/contracts/redis-keys'
import { eventually } from '@mopl/infrastructure/testing'
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { createConnection } from 'node:net'
import { joinRoom } from '../rooms/scripts.ts'
import { type OwnRedis, startOwnRedis } from '../testing/own-redis.ts'
import { openSetting, type Person, type Setting } from '../testing/setting.ts'
import { StompClient } from '../testing/stomp-client.ts'
import { Node } from './node.ts'

setDefaultTimeout(90_000)

let ownRedis: OwnRedis
let setting: Setting

beforeAll(async () => {
  ownRedis = await startOwnRedis()
  setting = await openSetting(ownRedis.url)
})
afterAll(async () => {
  await setting.close()
  await ownRedis.close()
})

const watch = ({ id }: ContentSummary) => `/sub/contents/${id}/watch`

async function aWatcher(url: string, content: ContentSummary, person?: Person) {
  const watcher = person ?? (await setting.aPerson())
  const client = await StompClient.signIn(url, watcher.token)
  await client.subscribe(watch(content))
  return { client, person: watcher }
}
const received = (client: StompClient) =>
  client.frames
    .filter(({ command }) => command === 'MESSAGE')
    .map(({ body }) => JSON.parse(body) as WatchMessage)
    .map(({ type, watcherCount, watchingSession }) => ({ type, watcherCount, userId: watchingSession.watcher.userId }))
/** A connection that has had an answer and is kept for more, as a gateway does. */
async function keepConnection(url: string) {
  const { hostname, port } = new URL(url)
  const socket = createConnection(Number(port), hostname)
  let received = ''
  socket.on('data', (chunk) => (received += chunk.toString()))
  /** What has come as soon as the status line has. */
  async function ask(path: string, header: string): Promise<string> {
    received = ''
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\n`)
    await eventually(`an answer to ${path}`, () => received.includes('\r\n'))
    return received
  }
  expect(await ask('/ws/info', 'Accept: */*')).toStartWith('HTTP/1.1 200')
  return { ask, close: () => socket.destroy() }
}
const isReady = async (url: string) => (await fetch(`${url}/actuator/health/readiness`)).ok

test('R6 R7 watchers of a killed and of a frozen instance leave exactly once within 20 s; the frozen one comes back', async () => {
  const [survivor, killed, frozen] = await Promise.all([
    setting.startSocket(),
    setting.startSocket(),
    setting.startSocket(),
  ])
  const content = await setting.aContent()
  const witness = await aWatcher(survivor.url, content)
  const onKilled = await Promise.all([1, 2, 3].map(() => aWatcher(killed.url, content)))
  const onFrozen = await aWatcher(frozen.url, content)
  await eventually('all have joined', () => received(witness.client).length === 5)
  witness.client.frames.length = 0
  killed.kill('SIGKILL')
  frozen.kill('SIGSTOP')
  await eventually('all four have left', () => received(witness.client).length === 4, 20_000)
  const left = received(witness.client)
  expect(left.map(({ type }) => type)).toEqual(['LEAVE', 'LEAVE', 'LEAVE', 'LEAVE'])
  expect(left.map(({ watcherCount }) => watcherCount)).toEqual([4, 3, 2, 1])
  const gone = [...onKilled, onFrozen].map(({ person }) => person.userId)
  expect(left.map(({ userId }) => userId).toSorted()).toEqual(gone.toSorted())

  frozen.kill('SIGCONT')
  const back = await witness.client.next('MESSAGE', ({ body }) => body.includes('JOIN'), 10_000)
  expect(JSON.parse(back.body)).toMatchObject({
    watcherCount: 2,
    watchingSession: { watcher: { userId: onFrozen.person.userId } },
  })
  expect(received(witness.client)).toHaveLength(4)
})

test('R7 Redis flushed: instances register their watchers again, under the same session ids', async () => {
  const [one, two] = await Promise.all([setting.startSocket(), setting.startSocket()])
  const content = await setting.aContent()
  for (const url of [one.url, two.url, two.url]) await aWatcher(url, content)
  const members = () => setting.redis.hgetall(redisKeys.room(content.id))
  const before = await members()
  expect(Object.keys(before)).toHaveLength(3)
  await setting.redis.flushall()
  await eventually('all are registered', async () => Object.keys(await members()).length === 3)
  expect(await members()).toEqual(before)
  expect(await setting.redis.zcard(redisKeys.roomSince(content.id))).toBe(3)
})

test('R7 Redis flushed: somebody who leaves before all is registered again leaves once, whatever the number of instances', async () => {
  const [one, two] = await Promise.all([setting.startSocket(), setting.startSocket()])
  const content = await setting.aContent()
  const witness = await aWatcher(one.url, content)
  const person = await setting.aPerson()
  const tabs = [await aWatcher(one.url, content, person), await aWatcher(two.url, content, person)]
  await eventually('both have joined', () => received(witness.client).length === 2)
  witness.client.frames.length = 0
  await setting.redis.flushall()
  for (const { client } of tabs) {
    client.send('UNSUBSCRIBE\nid:sub-0\nreceipt:left\n\n')
    await client.next('RECEIPT', ({ headers }) => headers['receipt-id'] === 'left')
  }
  const members = () => setting.redis.hkeys(redisKeys.room(content.id))
  await eventually('the witness is registered again', async () =>
    Bun.deepEquals(await members(), [witness.person.userId]),
  )
  // Comes after whatever the room was told before.
  const last = await aWatcher(two.url, content, await setting.aPerson())
  await eventually('the last one has joined', () =>
    received(witness.client).some(({ userId }) => userId === last.person.userId),
  )
  const told = received(witness.client).filter(({ userId }) => userId === person.userId)
  expect(told.map(({ type }) => type)).toEqual(['LEAVE'])
})

test('R6 R12 an instance that dies between taking somebody out of the room and out of the profile leaves no trace', async () => {
  const app = await setting.startSocket()
  const [content, person, dead] = [await setting.aContent(), await setting.aPerson(), `dead-${crypto.randomUUID()}`]
  const { client } = await aWatcher(app.url, content, person)
  const watching = redisKeys.watching(person.userId)
  const before = await setting.redis.hgetall(watching)
  client.send('DISCONNECT\n\n')
  await eventually('the profile is empty', async () => (await setting.redis.exists(watching)) === 0)
  await setting.redis.hset(watching, before)
  await setting.redis.sadd(redisKeys.nodeMembers(dead), `${content.id}|${person.userId}`)
  await setting.redis.sadd(redisKeys.nodes, dead)
  await eventually('the profile is empty again', async () => (await setting.redis.exists(watching)) === 0)
})

test('R8 nothing new is accepted while an instance stops, on a connection that a gateway keeps neither', async () => {
  const app = await setting.startSocket()
  const { client } = await aWatcher(app.url, await setting.aContent())
  const kept = await keepConnection(app.url)
  app.kill('SIGTERM')
  await client.untilClosed()
  const upgrade = 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13'
  const answer = await kept.ask('/ws/websocket', `${upgrade}\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==`)
  expect(answer).toStartWith('HTTP/1.1 503')
  expect(await app.exited).toBe(0)
  kept.close()
})

test('R8 E1 an instance that stops begins no event stream, on a connection that a gateway keeps neither', async () => {
  const app = await setting.startSocket()
  const { client, person } = await aWatcher(app.url, await setting.aContent())
  const kept = await keepConnection(app.url)
  app.kill('SIGTERM')
  await client.untilClosed()
  expect(await kept.ask('/api/sse', `Authorization: Bearer ${person.token}`)).toStartWith('HTTP/1.1 503')
  expect(await app.exited).toBe(0)
  kept.close()
})

test('R8 R6 what an instance that stops has no time left to let go is taken back by the others', async () => {
  const app = await setting.startSocket()
  const [content, late] = [await setting.aContent(), await setting.aPerson()]
  const witness = await aWatcher(app.url, content)
  const node = new Node(setting.redis, 'hurried')
  await node.enter()
  const id = crypto.randomUUID()
  await setting.redis.sadd(redisKeys.nodeMembers(node.id), `${content.id}|${late.userId}`)
  const createdAt = new Date().toISOString()
  await joinRoom(setting.redis, content.id, node.id, { id, createdAt, watcher: { userId: late.userId, name: 'Late' } })
  await node.leave()
  await eventually('the late one has left', () => received(witness.client).length === 3, 10_000)
  expect(received(witness.client).at(-1)).toEqual({ type: 'LEAVE', watcherCount: 1, userId: late.userId })
  await eventually('the node is forgotten', async () => (await setting.redis.sismember(redisKeys.nodes, node.id)) === 0)
})

test('R10 Redis gone and back: sockets stay, the instance says so, what was missed is made up for', async () => {
  const app = await setting.startSocket()
  const content = await setting.aContent()
  const { client, person } = await aWatcher(app.url, content)
  const leaver = await aWatcher(app.url, content)
  const second = await StompClient.signIn(app.url, (await setting.aPerson()).token)
  const unseen = await setting.aPerson()
  await ownRedis.stop()
  await eventually('the instance is not ready', async () => !(await isReady(app.url)))
  second.send(`SUBSCRIBE\nid:1\ndestination:${watch(content)}\n\n`)
  expect(JSON.parse((await second.next('ERROR')).body)).toMatchObject({ exceptionName: 'UNAVAILABLE' })
  const stranger = await fetch(`${app.url}/api/sse`, { headers: { authorization: `Bearer ${unseen.token}` } })
  expect([stranger.status, stranger.headers.get('retry-after')]).toEqual([503, '1'])
  leaver.client.send('UNSUBSCRIBE\nid:sub-0\n\n')
  await ownRedis.start()
  await eventually('the instance is ready', () => isReady(app.url))
  await eventually('the watcher is registered, and only that one', async () => {
    const members = await setting.redis.hkeys(redisKeys.room(content.id))
    return Bun.deepEquals(members, [person.userId])
  })
  expect(client.closed).toBeUndefined()
  client.send('ACK\nid:1\nreceipt:alive\n\n')
  await client.next('RECEIPT')
})

test('R10 Redis away for longer than a lease: everybody stays, and nobody is told otherwise', async () => {
  const apps = await Promise.all([setting.startSocket({ NODE_ID: 'long' }), setting.startSocket({ NODE_ID: 'long' })])
  const content = await setting.aContent()
  const watchers = [await aWatcher(apps[0].url, content), await aWatcher(apps[1].url, content)] as const
  const members = () => setting.redis.hgetall(redisKeys.room(content.id))
  const nodes = async () => (await setting.redis.smembers(redisKeys.nodes)).filter((id) => id.startsWith('long-'))
  const [membersBefore, nodesBefore] = [await members(), await nodes()]
  await eventually('both have joined', () => received(watchers[0].client).length === 2)
  for (const { client } of watchers) client.frames.length = 0
  await setting.redis.config('SET', 'appendfsync', 'always')
  await ownRedis.stop()
  const stoppedAt = performance.now()
  const longerMs = (ttlSeconds.nodeLease + 2) * 1_000
  await eventually('the leases have run out', () => performance.now() - stoppedAt > longerMs, longerMs + 5_000)
  await ownRedis.start()
  await eventually(
    'both go on under new ids, and the old ones are reaped',
    async () => (await nodes()).length === 2 && (await nodes()).every((id) => !nodesBefore.includes(id)),
    20_000,
  )
  expect(await members()).toEqual(membersBefore)
  for (const { client } of watchers) expect(received(client)).toEqual([])
})

test('R7 Redis started again without the last second: who had joined is there, who had left is not', async () => {
  const app = await setting.startSocket({ NODE_ID: 'amnesic' })
  const content = await setting.aContent()
  const [witness, joined, left] = [
    await aWatcher(app.url, content),
    await aWatcher(app.url, content),
    await aWatcher(app.url, content),
  ]
  const [room, since, refs] = [redisKeys.room, redisKeys.roomSince, redisKeys.roomRefs].map((key) => key(content.id))
  const nodeId = (await setting.redis.smembers(redisKeys.nodes)).find((id) => id.startsWith('amnesic-')) ?? ''
  const memberOf = async ({ userId }: Person) => (await setting.redis.hget(room!, userId)) ?? ''
  const idOf = (member: string) => (JSON.parse(member) as { id: string }).id
  const [joinedMember, leftMember] = [await memberOf(joined.person), await memberOf(left.person)]
  left.client.send('UNSUBSCRIBE\nid:sub-0\nreceipt:left\n\n')
  await left.client.next('RECEIPT', ({ headers }) => headers['receipt-id'] === 'left')
  // What the disk has not seen: one has not joined, the other has not left.
  await setting.redis.config('SET', 'appendfsync', 'always')
  await setting.redis
    .multi()
    .hdel(room!, joined.person.userId)
    .zrem(since!, `${idOf(joinedMember)}:${joined.person.userId}`)
    .hdel(refs!, `${joined.person.userId}|`, `${joined.person.userId}|${nodeId}`)
    .srem(redisKeys.nodeMembers(nodeId), `${content.id}|${joined.person.userId}`)
    .hset(room!, left.person.userId, leftMember)
    .zadd(since!, 0, `${idOf(leftMember)}:${left.person.userId}`)
    .hset(refs!, `${left.person.userId}|`, 1, `${left.person.userId}|${nodeId}`, 1)
    .sadd(redisKeys.nodeMembers(nodeId), `${content.id}|${left.person.userId}`)
    .exec()
  await ownRedis.stop()
  await ownRedis.start()
  await eventually(
    'the room is as it was',
    async () => {
      const members = await setting.redis.hkeys(room!)
      return Bun.deepEquals(members.toSorted(), [witness.person.userId, joined.person.userId].toSorted())
    },
    30_000,
  )
  expect(await memberOf(joined.person)).toBe(joinedMember)
  expect(await setting.redis.zcard(since!)).toBe(2)
})

test('R8 K2 SIGTERM: sockets are told, who comes back elsewhere does not flap, the rest leave, exit code 0 within 10 s', async () => {
  const [staying, stopping] = await Promise.all([setting.startSocket(), setting.startSocket({ NODE_ID: 'stopping' })])
  const content = await setting.aContent()
  const witness = await aWatcher(staying.url, content)
  const [mover, leaver] = [await aWatcher(stopping.url, content), await aWatcher(stopping.url, content)]
  await eventually('all have joined', () => received(witness.client).length === 3)
  witness.client.frames.length = 0
  const stoppedAt = performance.now()
  stopping.kill('SIGTERM')
  expect(await mover.client.untilClosed()).toEqual({ code: 1012, reason: 'Service Restart' })
  expect(mover.client.other).toContain('c[1012,"Service Restart"]')
  await aWatcher(staying.url, content, mover.person)
  expect(await stopping.exited).toBe(0)
  expect(performance.now() - stoppedAt).toBeLessThan(10_000)
  await eventually('somebody has left', () => received(witness.client).length > 0)
  expect(received(witness.client)).toEqual([{ type: 'LEAVE', watcherCount: 2, userId: leaver.person.userId }])
  expect((await setting.redis.smembers(redisKeys.nodes)).filter((id) => id.startsWith('stopping-'))).toEqual([])
})
