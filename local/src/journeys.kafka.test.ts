/** The whole system, as `bin/up` starts it, seen from its gateway. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { errorBody } from '@mopl/contracts/errors'
import { eventually } from '@mopl/infrastructure/eventually'
import { createTestDatabase, type TestDatabase, testEnv } from '@mopl/infrastructure/testing'
import { readLocalSecrets } from './secrets.ts'
import { startSystem, type System } from './system.ts'
import { newVisitor, signIn } from './tour/accounts.ts'
import { EventStream } from './tour/event-stream.ts'
import { RestClient } from './tour/rest-client.ts'
import { StompClient } from './tour/stomp-client.ts'
import { tour } from './tour/tour.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'mopl-journeys-'))
const secrets = readLocalSecrets()
const admin = { email: secrets.ADMIN_EMAIL, password: secrets.ADMIN_PASSWORD }
let database: TestDatabase
let system: System

beforeAll(async () => {
  database = await createTestDatabase()
  system = await startSystem({
    dataDir,
    secrets,
    external: { databaseUrl: database.url, redisUrl: testEnv('REDIS_URL'), kafkaBrokers: testEnv('KAFKA_BROKERS') },
    kafkaPrefix: `journeys-${randomUUID()}-`,
  })
})

afterAll(async () => {
  await system.stop()
  await database.close()
  rmSync(dataDir, { recursive: true })
})

test('the tour finds every journey as the contract says, no step but the heart-beat longer than three seconds on a busy machine', async () => {
  const steps = await tour({ baseUrl: system.url, admin, print: () => undefined })
  expect(steps.length).toBeGreaterThan(25)
  expect(steps.filter(({ step, ms }) => ms > 3_000 && !step.startsWith('it beats'))).toEqual([])
})

test("one request id runs from nginx's log line through the api's to the worker's", async () => {
  const rest = new RestClient(system.url)
  await signIn(rest, admin.email, admin.password)
  const form = new FormData()
  form.set('request', JSON.stringify({ type: 'movie', title: '기생충', description: '', tags: [] }))
  const content = (await rest.call('POST', '/api/contents', 201, form)) as { id: string }
  const requestId = randomUUID().replaceAll('-', '')
  const response = await fetch(`${system.url}/api/reviews`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${rest.accessToken}`,
      'content-type': 'application/json',
      'x-request-id': requestId,
    },
    body: JSON.stringify({ contentId: content.id, text: '좋아요', rating: 5 }),
  })
  expect(response.status).toBe(201)
  expect(response.headers.get('x-request-id')).toBe(requestId)
  for (const part of ['nginx', 'api', 'worker'])
    await eventually(`${part} logs ${requestId}`, () => logOf(part).includes(`"requestId":"${requestId}"`))
})

test('the actuators are reachable on every app and not through the gateway', async () => {
  for (const [name, url] of system.appUrls) {
    for (const path of ['health/liveness', 'health/readiness', 'prometheus'])
      expect(`${name} ${path} ${(await fetch(`${url}/actuator/${path}`)).status}`).toBe(`${name} ${path} 200`)
  }
  for (const path of ['/actuator/prometheus', '/api/actuator/prometheus', '/ws/../actuator/prometheus'])
    expect((await fetch(system.url + path)).status).toBe(404)
})

describe('what no app can read', () => {
  test.each<[string, number, string]>([
    ['a method that nobody knows', 405, 'FOO /api/contents HTTP/1.1\r\n'],
    ['a method that is not ours', 405, 'PROPFIND /api/contents HTTP/1.1\r\n'],
    ['TRACE', 405, 'TRACE /api/contents HTTP/1.1\r\n'],
    ['CONNECT', 405, 'CONNECT /api/contents HTTP/1.1\r\n'],
    ['a method in small letters', 400, 'get /api/contents HTTP/1.1\r\n'],
    ['a path of 20 KB', 400, `GET /api/contents?q=${'a'.repeat(20_000)} HTTP/1.1\r\n`],
    ['a cookie of 9 KB', 400, `GET /api/contents HTTP/1.1\r\nCookie: a=${'a'.repeat(9_000)}\r\n`],
    ['headers of 40 KB', 400, `GET /api/contents HTTP/1.1\r\n${`X-Large: ${'a'.repeat(7_000)}\r\n`.repeat(6)}`],
    ['5,000 headers', 400, `GET /api/contents HTTP/1.1\r\n${'X-Many: 1\r\n'.repeat(5_000)}`],
  ])('is refused at once, with the error body: %s', async (_, refused, head) => {
    for (const path of ['/api/contents', '/api/sse']) {
      const { status, body, ms } = await ask(head.replace('/api/contents', path))
      expect({ path, status }).toEqual({ path, status: refused })
      expect(JSON.parse(body)).toEqual(errorBody(refused === 405 ? 'METHOD_NOT_ALLOWED' : 'INVALID_REQUEST'))
      expect(ms).toBeLessThan(3_000)
    }
  })

  test('is not a request of 300 headers, or of 26 KB', async () => {
    const [many, large] = ['X-Many: 1\r\n'.repeat(300), `User-Agent: ${'a'.repeat(7_000)}\r\n`]
    const credentials = `Authorization: Bearer ${'a'.repeat(6_000)}\r\nCookie: a=${'a'.repeat(6_000)}\r\n`
    for (const [path, expected] of [
      ['/api/contents', 401],
      ['/api/sse', 401],
      ['/ws/info', 200],
    ] as const) {
      const answers = [
        await ask(`GET ${path} HTTP/1.1\r\n${many}`),
        await ask(`GET ${path}?q=${'a'.repeat(7_000)} HTTP/1.1\r\n${large}${credentials}`),
      ]
      expect({ path, statuses: answers.map(({ status }) => status) }).toEqual({ path, statuses: [expected, expected] })
    }
  })
})

test('SIGTERM ends every app with exit code 0 within 10 s, with sockets and streams open', async () => {
  const visitor = await newVisitor(system.url, '마지막')
  const [stomp, stream] = await Promise.all([
    StompClient.connect(system.url, visitor.rest.accessToken ?? ''),
    EventStream.open(system.url, visitor.rest.accessToken ?? ''),
  ])
  const startedAt = performance.now()
  const apps = [...system.appUrls.keys()].flatMap((name) => system.processes.get(name) ?? [])
  for (const app of apps) app.kill('SIGTERM')
  const ends = await Promise.all(apps.map(async ({ name, exited }) => `${name}: ${await exited}`))
  expect(ends).toEqual(apps.map(({ name }) => `${name}: exit code 0`))
  expect(performance.now() - startedAt).toBeLessThan(10_000)
  stream.close()
  await stomp.disconnect()
})

/** Sends a request by hand: its first line and headers as they are. */
async function ask(head: string): Promise<{ status: number; body: string; ms: number }> {
  const startedAt = performance.now()
  const socket = connect(Number(new URL(system.url).port), '127.0.0.1')
  socket.write(`${head}Host: localhost\r\nConnection: close\r\n\r\n`)
  const [answer = '', ...rest] = (await text(socket)).split('\r\n\r\n')
  const body = rest.join('\r\n\r\n')
  // As it is written in chunks, the body is the line after the length of the first.
  const isChunked = /^transfer-encoding: chunked/im.test(answer)
  const json = isChunked ? (body.split('\r\n')[1] ?? '') : body
  return { status: Number(answer.split(' ')[1]), body: json, ms: performance.now() - startedAt }
}

function logOf(part: string): string {
  return readFileSync(join(dataDir, 'log', `${part}.log`), 'utf8')
}
