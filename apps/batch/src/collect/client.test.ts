import { eventually, failureOf } from '@mopl/infrastructure/testing'
import { afterAll, afterEach, expect, test } from 'bun:test'
import { type ClientOptions, createClient, SourceRefused, SourceUnavailable } from './client.ts'
import { faults, startCatalogue } from './testing-catalogue.ts'

const server = startCatalogue(() => ({ fine: true }))
afterAll(() => server.close())
afterEach(() => void server.requests.splice(0))

function aClient(changes: Partial<ClientOptions> = {}) {
  const waits: number[] = []
  const client = createClient({
    name: 'Somebody',
    intervalMs: 0,
    signal: new AbortController().signal,
    wait: async (ms) => void waits.push(ms),
    ...changes,
  })
  return { client, waits }
}

const ask = (changes: Partial<ClientOptions> = {}) => aClient(changes).client.json(`${server.url}/secret-key`)

test.each([
  ['a server error', faults.status(500)],
  ['too many requests', faults.status(429)],
  ['truncated JSON', faults.truncatedJson],
])('%s is asked again', async (_, fault) => {
  server.fail('', fault, fault)
  expect(await ask()).toEqual({ fine: true })
  expect(server.requests).toHaveLength(3)
})

test('waits double, with something random, from half a second', async () => {
  server.fail('', ...Array.from({ length: 4 }, () => faults.status(503)))
  const { client, waits } = aClient()
  await client.json(server.url)
  expect(waits).toHaveLength(4)
  for (const [index, ms] of waits.entries()) {
    expect(ms).toBeGreaterThanOrEqual(500 * 2 ** index)
    expect(ms).toBeLessThanOrEqual(1_000 * 2 ** index)
  }
})

test('Retry-After is honoured, in seconds and as a date', async () => {
  const date = new Date(Date.now() + 60_000).toUTCString()
  server.fail('', faults.status(429, { 'retry-after': '7' }), faults.status(503, { 'retry-after': date }))
  const { client, waits } = aClient()
  await client.json(server.url)
  expect(waits[0]).toBe(7_000)
  expect(waits[1]).toBeWithin(57_000, 60_001)
})

test('who asks for an hour is unavailable', async () => {
  server.fail('', faults.status(429, { 'retry-after': '3600' }))
  const error = await failureOf(ask())
  expect(error).toBeInstanceOf(SourceUnavailable)
  expect(String(error)).toContain('Somebody answered 429')
})

test('after five times it is unavailable', async () => {
  server.fail('', ...Array.from({ length: 5 }, () => faults.status(500)))
  expect(await failureOf(ask())).toBeInstanceOf(SourceUnavailable)
  expect(server.requests).toHaveLength(5)
})

test('silence is ended by the deadline, and asked again', async () => {
  server.fail('', faults.silence)
  expect(await ask({ timeoutMs: 50 })).toEqual({ fine: true })
  expect(server.requests).toHaveLength(2)
})

test.each([401, 404, 422])('%i is a refusal and not asked again', async (status) => {
  server.fail('', faults.status(status))
  expect(await failureOf(ask())).toBeInstanceOf(SourceRefused)
  expect(server.requests).toHaveLength(1)
})

test('a body beyond the limit is refused', async () => {
  const error = await failureOf(ask({ maxBytes: 5 }))
  expect(String(error)).toContain('sent more than 5 bytes')
})

test('an error tells the name of the source, never the address, which may carry the key', async () => {
  const { client } = aClient()
  const error = await failureOf(client.json('http://127.0.0.1:1/secret-key'))
  expect(error).toBeInstanceOf(SourceUnavailable)
  expect(Bun.inspect(error)).not.toContain('secret-key')
})

test('requests keep their distance', async () => {
  const { client, waits } = aClient({ intervalMs: 1_000 })
  await Promise.all([1, 2, 3].map(() => client.json(server.url)))
  expect(waits[0]).toBeWithin(900, 1_001)
  expect(waits[1]).toBeWithin(1_900, 2_001)
})

test('who is told to stop stops waiting', async () => {
  const stop = new AbortController()
  server.fail('', faults.status(429, { 'retry-after': '60' }))
  const asking = createClient({ name: 'Somebody', intervalMs: 0, signal: stop.signal }).json(server.url)
  await eventually('it was asked', () => server.requests.length === 1)
  stop.abort(new Error('enough'))
  expect(await failureOf(asking)).toBeInstanceOf(Error)
})
