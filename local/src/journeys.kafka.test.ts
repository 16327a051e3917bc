/** The whole system, as `bin/up` starts it, seen from its gateway. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

function logOf(part: string): string {
  return readFileSync(join(dataDir, 'log', `${part}.log`), 'utf8')
}
