import { channels, redisKeys } from '@mopl/contracts/redis-keys'
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { newId } from './ids.ts'
import { createLog } from './log.ts'
import { openRedis, openSubscriber, untilRedisReady } from './redis.ts'
import { openSessionRegistry } from './sessions.ts'
import { eventually, failureOf, testEnv } from './testing.ts'

const log = createLog('sessions-test', 'silent')
const closers: (() => Promise<void>)[] = []
const client = openRedis({ url: testEnv('REDIS_URL'), name: 'sessions-test', log })
const { redis } = client

beforeAll(() => untilRedisReady(redis))
afterEach(async () => void (await Promise.all(closers.splice(0).map((close) => close()))))
afterAll(() => client.close())

/** What one process has: its own connections and its own memory. */
async function aProcess() {
  const url = testEnv('REDIS_URL')
  const client = openRedis({ url, name: 'sessions-test', log })
  const link = openSubscriber({ url, name: 'sessions-test', log })
  closers.push(
    () => client.close(),
    () => link.close(),
  )
  await untilRedisReady(client.redis)
  const sessions = await openSessionRegistry(client.redis, link.subscriber, log)
  return { sessions, subscriber: link.subscriber, redis: client.redis }
}

async function signIn() {
  const [userId, sessionId] = [newId(), newId()]
  await redis.set(redisKeys.authSession(userId), sessionId, 'EX', 60)
  return { userId, sessionId }
}

const revoke = (userId: string) => redis.publish(channels.sessionRevoked, JSON.stringify({ userId }))

test('the session in force passes; another one and none are refused', async () => {
  const { sessions } = await aProcess()
  const { userId, sessionId } = await signIn()
  expect(await failureOf(sessions.assertInForce(userId, sessionId))).toBeUndefined()
  expect(await failureOf(sessions.assertInForce(userId, newId()))).toMatchObject({ code: 'SESSION_ENDED' })
  expect(await failureOf(sessions.assertInForce(newId(), sessionId))).toMatchObject({ code: 'SESSION_ENDED' })
})

test('a revocation by one process is seen at once by every other', async () => {
  const processes = [await aProcess(), await aProcess()]
  const { userId, sessionId } = await signIn()
  const heard: string[] = []
  for (const { sessions } of processes) {
    sessions.onRevoked((revoked) => heard.push(revoked.userId))
    await sessions.assertInForce(userId, sessionId)
  }

  await redis.del(redisKeys.authSession(userId))
  await revoke(userId)
  await eventually('both processes heard of it', () => heard.filter((id) => id === userId).length === 2)

  for (const { sessions } of processes)
    expect(await failureOf(sessions.assertInForce(userId, sessionId))).toMatchObject({ code: 'SESSION_ENDED' })
})

test('a session is not asked for again while it is remembered', async () => {
  const { sessions, redis: own } = await aProcess()
  const { userId, sessionId } = await signIn()
  await sessions.assertInForce(userId, sessionId)
  own.disconnect()
  expect(await failureOf(sessions.assertInForce(userId, sessionId))).toBeUndefined()
})

test('a process that lost its link to announcements trusts nothing it remembers', async () => {
  const { sessions, subscriber } = await aProcess()
  const { userId, sessionId } = await signIn()
  await sessions.assertInForce(userId, sessionId)

  const lost = new Promise((resolve) => subscriber.once('close', resolve))
  await redis.call('CLIENT', 'KILL', 'ID', String(await subscriber.client('ID')))
  await lost
  // Nobody could have heard this one.
  await redis.del(redisKeys.authSession(userId))

  expect(await failureOf(sessions.assertInForce(userId, sessionId))).toMatchObject({ code: 'SESSION_ENDED' })
})

test('announcements are heard again after the link is back', async () => {
  const { sessions, subscriber } = await aProcess()
  const { userId, sessionId } = await signIn()
  const heard: string[] = []
  sessions.onRevoked((revoked) => heard.push(revoked.userId))
  await redis.call('CLIENT', 'KILL', 'ID', String(await subscriber.client('ID')))
  await eventually('a revocation is heard', async () => {
    await revoke(userId)
    return heard.includes(userId)
  })
  await redis.del(redisKeys.authSession(userId))
  await revoke(userId)
  await eventually(
    'the session is over',
    async () => (await failureOf(sessions.assertInForce(userId, sessionId))) !== undefined,
  )
})

test('while Redis is away the answer is UNAVAILABLE, never yes', async () => {
  const { sessions, redis: own } = await aProcess()
  const { userId, sessionId } = await signIn()
  own.disconnect()
  expect(await failureOf(sessions.assertInForce(userId, sessionId))).toMatchObject({
    code: 'UNAVAILABLE',
    retryAfterSeconds: 1,
  })
})

test('an unreadable announcement is ignored', async () => {
  const { sessions } = await aProcess()
  const { userId, sessionId } = await signIn()
  await redis.publish(channels.sessionRevoked, '{')
  await redis.publish(channels.sessionRevoked, '{"userId":"1"}')
  expect(await failureOf(sessions.assertInForce(userId, sessionId))).toBeUndefined()
})
