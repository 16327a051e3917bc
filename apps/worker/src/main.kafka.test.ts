import { afterAll, expect, test } from 'bun:test'
import { topics } from '@mopl/contracts/topics'
import { eventually } from '@mopl/infrastructure/testing'
import { createTestSystem, metricOf, untilJoined } from './testing.ts'

const system = await createTestSystem()
const { db } = system
const worker = await system.startWorker()
afterAll(() => system.close())
await untilJoined(db)

test('readiness names its dependencies; lag and outbox age are in the scrape', async () => {
  const answer = (await (await fetch(`${worker.url}/actuator/health/readiness`)).json()) as object
  expect(answer).toEqual({
    status: 'UP',
    components: { postgres: 'UP', redis: 'UP', kafka: 'UP', consumers: 'UP' },
  })
  expect(await metricOf(worker, 'mopl_outbox_oldest_age_seconds')).toBe(0)
  await eventually(
    'the lag',
    async () => (await metricOf(worker, 'mopl_worker_lag_messages', 'mopl-ratings', topics.review)) === 0,
    15_000,
  )
}, 20_000)

test('SIGTERM ends the worker with exit code 0, groups left', async () => {
  worker.kill('SIGTERM')
  expect(await worker.exited).toBe(0)
  expect(worker.output()).toContain('"msg":"stopped"')
})
