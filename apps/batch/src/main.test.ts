import { failureOf, startApp, testEnv } from '@mopl/infrastructure/testing'
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { openTestBatch } from './test-data.ts'

let batch: Awaited<ReturnType<typeof openTestBatch>>
beforeAll(async () => void (batch = await openTestBatch()))
afterAll(() => batch.close())

const env = () => ({ DATABASE_URL: batch.url, REDIS_URL: testEnv('REDIS_URL'), MEDIA_DIR: '/nonexistent' })

test('the scheduled form answers its probes and its metrics, and SIGTERM ends it with exit code 0', async () => {
  const app = await startApp('batch', env())
  expect((await fetch(`${app.url}/actuator/health/liveness`)).status).toBe(200)
  const readiness = await (await fetch(`${app.url}/actuator/health/readiness`)).json()
  expect(readiness).toEqual({ status: 'UP', components: { postgres: 'UP', redis: 'UP' } })
  const metrics = await (await fetch(`${app.url}/actuator/prometheus`)).text()
  expect(metrics).toContain('mopl_batch_runs_total{batch_job="cleanup",outcome="failed",app="batch"} 0')
  app.kill('SIGTERM')
  expect(await app.exited).toBe(0)
})

test('an invalid variable keeps it from starting, and is named', async () => {
  const start = startApp('batch', { ...env(), REDIS_URL: 'http://wrong' })
  expect(String(await failureOf(start))).toContain('REDIS_URL must start with redis:// or rediss://')
})
