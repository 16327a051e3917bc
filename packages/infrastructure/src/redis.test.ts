import { afterEach, describe, expect, test } from 'bun:test'
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { DrizzleQueryError } from 'drizzle-orm'
import { createLog } from './log.ts'
import { isRedisUnavailable, openRedis, openSubscriber, type RedisClient, untilRedisReady } from './redis.ts'
import { openDoor } from './testing-door.ts'
import { eventually, failureOf, freePort, testEnv } from './testing.ts'

const log = createLog('redis-test', 'silent')
const closers: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

function open(url: string) {
  const client = openRedis({ url, name: 'redis-test', log })
  closers.push(() => client.close())
  return client.redis
}

/** A Redis of this test alone, so that it can be frozen and killed. */
async function aRedisServer(port: number, ...flags: string[]) {
  const basics = ['--port', String(port), '--save', '', '--appendonly', 'no']
  const child = spawn('redis-server', [...basics, ...flags], { stdio: 'ignore' })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  closers.push(async () => {
    child.kill('SIGKILL')
    await exited
  })
  return child
}

async function timed(work: Promise<unknown>): Promise<{ failure: unknown; ms: number }> {
  const startedAt = performance.now()
  return { failure: await failureOf(work), ms: performance.now() - startedAt }
}

describe('while Redis is away', () => {
  test('a command is refused at once, not queued', async () => {
    const redis = open('redis://127.0.0.1:1')
    const { failure, ms } = await timed(redis.set('late', 'write'))
    expect(isRedisUnavailable(failure)).toBe(true)
    expect(ms).toBeLessThan(100)
  })

  test('waiting for it ends in an error after the time given', async () => {
    const { failure, ms } = await timed(untilRedisReady(open('redis://127.0.0.1:1'), 300))
    expect(String(failure)).toContain('redis is not reachable')
    expect(ms).toBeLessThan(1_000)
  })

  test('the client comes back by itself once Redis does', async () => {
    const port = await freePort()
    const redis = open(`redis://127.0.0.1:${port}`)
    expect(isRedisUnavailable(await failureOf(redis.ping()))).toBe(true)
    await aRedisServer(port)
    expect(await eventually('Redis answers', () => redis.ping())).toBe('PONG')
  })
})

test('a frozen Redis costs a command about a second, and then it works again', async () => {
  const port = await freePort()
  const server = await aRedisServer(port)
  const redis = open(`redis://127.0.0.1:${port}`)
  await untilRedisReady(redis)
  server.kill('SIGSTOP')
  const { failure, ms } = await timed(redis.ping())
  server.kill('SIGCONT')
  expect(isRedisUnavailable(failure)).toBe(true)
  expect(ms).toBeGreaterThan(900)
  expect(ms).toBeLessThan(3_000)
  expect(await eventually('Redis answers', () => redis.ping())).toBe('PONG')
})

test('a connection that has died in silence is noticed by the commands that wait on it, and replaced', async () => {
  const { hostname, port } = new URL(testEnv('REDIS_URL'))
  const door = await openDoor(hostname, Number(port))
  closers.push(() => door.shut())
  const redis = open(`redis://127.0.0.1:${door.port}`)
  const subscriber = openSubscriber({ url: `redis://127.0.0.1:${door.port}`, name: 'redis-test', log })
  closers.push(() => subscriber.close())
  await untilRedisReady(redis)
  const channel = `test:${crypto.randomUUID()}`
  await subscriber.subscriber.ssubscribe(channel)
  const heard: string[] = []
  subscriber.subscriber.on('smessage', (_channel: string, message: string) => heard.push(message))
  door.strand()
  const startedAt = performance.now()
  expect(isRedisUnavailable(await failureOf(redis.ping()))).toBe(true)
  subscriber.subscriber.ping().catch(() => undefined)
  expect(await eventually('Redis answers', () => redis.ping())).toBe('PONG')
  await eventually('the subscriber hears again', async () => {
    await redis.spublish(channel, 'hello')
    return heard.length > 0
  })
  expect(performance.now() - startedAt).toBeLessThan(4_000)
})

describe('a connection that breaks', () => {
  const key = `test:${crypto.randomUUID()}`

  /** A client, and a way to let only so many of the next answers through before its connection breaks. */
  async function aBreakableLink() {
    let breakAfter: number | undefined
    const toClient = () =>
      new Transform({
        transform(bytes: Buffer, _encoding, done) {
          if (breakAfter === undefined) return done(null, bytes)
          const answers = bytes.toString().split(/(?<=\r\n)/, breakAfter)
          breakAfter = undefined
          this.push(answers.join(''))
          setImmediate(() => done(new Error('broken')))
        },
      })
    const { hostname, port } = new URL(testEnv('REDIS_URL'))
    const door = await openDoor(hostname, Number(port), { toClient })
    closers.push(() => door.shut())
    const redis = open(`redis://127.0.0.1:${door.port}`)
    await untilRedisReady(redis)
    closers.push(async () => void (await redis.del(key)))
    return { redis, breakAfterAnswers: (count: number) => (breakAfter = count) }
  }

  test('fails the commands whose answers got lost, and none is sent a second time', async () => {
    const { redis, breakAfterAnswers } = await aBreakableLink()
    breakAfterAnswers(0)
    const { failure, ms } = await timed(redis.incr(key))
    expect(isRedisUnavailable(failure)).toBe(true)
    expect(ms).toBeLessThan(500)
    await eventually('Redis answers', () => redis.ping())
    expect(await redis.get(key)).toBe('1')
  })

  test('fails so what is left of a pipeline', async () => {
    const { redis, breakAfterAnswers } = await aBreakableLink()
    for (const answered of [0, 1]) {
      await redis.del(key)
      breakAfterAnswers(answered)
      const results = await redis.pipeline().incr(key).incr(key).exec()
      const failures = results?.map(([error]) => error !== null && isRedisUnavailable(error))
      expect(failures).toEqual([answered === 0, true])
      await eventually('Redis answers', () => redis.ping())
      expect(await redis.get(key)).toBe('2')
    }
  })
})

test('a subscriber hears again after Redis was restarted', async () => {
  const port = await freePort()
  const server = await aRedisServer(port)
  const url = `redis://127.0.0.1:${port}`
  const link = openSubscriber({ url, name: 'redis-test', log })
  closers.push(() => link.close())
  const heard: string[] = []
  link.subscriber.on('message', (_, message: string) => heard.push(message))
  await link.subscriber.subscribe('news')
  const publisher = open(url)
  await untilRedisReady(publisher)

  server.kill('SIGKILL')
  await eventually('the link is down', () => link.subscriber.status !== 'ready')
  await aRedisServer(port)
  await eventually('the message arrives', async () => {
    await publisher.publish('news', 'back')
    return heard.includes('back')
  })
})

describe('a Redis that takes no writes is away for whoever writes, by a script too', () => {
  async function failuresToWrite(redis: RedisClient): Promise<unknown[]> {
    const script = "return redis.call('SET', KEYS[1], '1')"
    return Promise.all([redis.set('key', '1'), redis.eval(script, 1, 'key')].map(failureOf))
  }

  test.each([
    ['too few replicas', 'min-replicas-to-write'],
    ['too little memory', 'maxmemory'],
  ])('for %s', async (_reason, setting) => {
    const port = await freePort()
    await aRedisServer(port, `--${setting}`, '1')
    const redis = open(`redis://127.0.0.1:${port}`)
    await untilRedisReady(redis)
    expect((await failuresToWrite(redis)).map(isRedisUnavailable)).toEqual([true, true])
  })

  test('for a disk that takes nothing', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'mopl-no-disk-'))
    closers.push(() => rm(directory, { recursive: true }))
    const port = await freePort()
    await aRedisServer(port, '--save', '3600 1', '--dir', directory, '--dbfilename', 'dump')
    const redis = open(`redis://127.0.0.1:${port}`)
    await untilRedisReady(redis)
    // Not even root replaces a directory by a file.
    await mkdir(join(directory, 'dump'))
    await redis.call('BGSAVE')
    await eventually('it has failed', async () => (await redis.info('persistence')).includes('bgsave_status:err'))
    expect((await failuresToWrite(redis)).map(isRedisUnavailable)).toEqual([true, true])
  })
})

test('a wrong command is the caller’s fault, not Redis being away', async () => {
  const redis = open(testEnv('REDIS_URL'))
  await untilRedisReady(redis)
  const failure = await failureOf(redis.call('NOSUCHCOMMAND'))
  expect(failure).toBeInstanceOf(Error)
  expect(isRedisUnavailable(failure)).toBe(false)
})

test('a statement that failed for its own reasons is no outage of Redis, whatever its parameters say', () => {
  const failure = new DrizzleQueryError('insert', ['connect ECONNREFUSED'], new Error('of its own'))
  expect(failure.message).toContain('ECONNREFUSED')
  expect(isRedisUnavailable(failure)).toBe(false)
})
