import { describe, expect, test } from 'bun:test'
import { Registry } from 'prom-client'
import { type Check, Health, serveActuator } from './health.ts'
import { failureOf } from './testing.ts'

const up: Check = () => Promise.resolve()
const down: Check = () => Promise.reject(new Error('refused'))
const hanging: Check = () => new Promise(() => undefined)
const aHealth = (checks: Record<string, Check>) => new Health(new Registry(), checks)

async function readiness(health: Health) {
  const answer = await health.answer('/actuator/health/readiness')
  return { status: answer?.status, body: JSON.parse(answer?.body ?? '{}') }
}

describe('readiness', () => {
  test('is green when every dependency answers', async () => {
    expect(await readiness(aHealth({ postgres: up, redis: up }))).toEqual({
      status: 200,
      body: { status: 'UP', components: { postgres: 'UP', redis: 'UP' } },
    })
  })

  test('names the dependency that is away', async () => {
    expect(await readiness(aHealth({ postgres: down, redis: up }))).toEqual({
      status: 503,
      body: { status: 'DOWN', components: { postgres: 'DOWN', redis: 'UP' } },
    })
  })

  test('does not hang with a dependency that hangs', async () => {
    const { status, body } = await readiness(aHealth({ redis: hanging }))
    expect({ status, body }).toEqual({ status: 503, body: { status: 'DOWN', components: { redis: 'DOWN' } } })
  })

  test('ends when the process begins to stop', async () => {
    const health = aHealth({ redis: up })
    health.stopping()
    expect(await readiness(health)).toMatchObject({ status: 503, body: { status: 'OUT_OF_SERVICE' } })
  })
})

test('liveness does not depend on any dependency', async () => {
  const health = aHealth({ postgres: down, redis: hanging })
  health.stopping()
  expect(await health.answer('/actuator/health/liveness')).toMatchObject({ status: 200, body: '{"status":"UP"}' })
})

test('the actuator serves health and metrics over HTTP, and nothing else', async () => {
  const actuator = await serveActuator(aHealth({ redis: down }), 0, '127.0.0.1')
  const status = async (path: string) => (await fetch(`http://127.0.0.1:${actuator.port}${path}`)).status
  expect(await status('/actuator/health/liveness')).toBe(200)
  expect(await status('/actuator/health/readiness?verbose')).toBe(503)
  expect(await status('/actuator/prometheus')).toBe(200)
  expect(await status('/actuator/env')).toBe(404)
  expect(await status('/')).toBe(404)
  await actuator.close()
})

test('a port in use is an error of the start, not of the first request', async () => {
  const first = await serveActuator(aHealth({}), 0, '127.0.0.1')
  const second = serveActuator(aHealth({}), first.port, '127.0.0.1')
  expect(String(await failureOf(second))).toContain(String(first.port))
  await first.close()
})
