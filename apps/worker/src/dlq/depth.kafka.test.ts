import { afterAll, expect, test } from 'bun:test'
import { topics } from '@mopl/contracts/topics'
import { eventually, type TestApp } from '@mopl/infrastructure/testing'
import { createTestSystem, metricOf } from '../testing.ts'

const system = await createTestSystem()
afterAll(() => system.close())

const depthOf = (worker: TestApp, consumer: string, topic: string) =>
  metricOf(worker, 'mopl_worker_dead_letters{', `consumer="${consumer}"`, `topic="${topic}"`)

async function dlq(...args: string[]): Promise<number> {
  const tool = Bun.spawn(['node', `${import.meta.dir}/../../dist/dlq/main.js`, ...args], {
    env: { ...process.env, ...system.environment },
    stdout: 'ignore',
    stderr: 'ignore',
  })
  return tool.exited
}

test('how many dead letters wait is known to every worker, falls as they are settled, and survives a restart', async () => {
  const often = { DLQ_LOOK_INTERVAL_MS: '200' }
  const worker = await system.startWorker(often)
  const reviews = (on = worker) => depthOf(on, 'mopl-ratings', topics.review)
  await eventually('an empty topic is told as 0', async () => (await reviews()) === 0, 30_000)

  const unreadable = ['one', 'two', 'three'].map((key) => ({ topic: topics.review, key, value: `not JSON: ${key}` }))
  await system.probe.produce(...unreadable)
  await eventually('three letters', async () => (await reviews()) === 3, 30_000)
  expect(await depthOf(worker, 'mopl-notifications', topics.follow)).toBe(0)

  const other = await system.startWorker(often)
  await eventually('another worker counts the same', async () => (await reviews(other)) === 3, 30_000)

  expect(await dlq('discard', '--topic', topics.review, '--all')).toBe(0)
  await eventually(
    'nothing waits any more',
    async () => (await reviews()) === 0 && (await reviews(other)) === 0,
    30_000,
  )
}, 120_000)

test('SIGTERM during a look ends the worker with 0', async () => {
  const worker = await system.startWorker({ DLQ_LOOK_INTERVAL_MS: '100' })
  await eventually(
    'it has looked',
    async () => (await depthOf(worker, 'mopl-ratings', topics.review)) !== undefined,
    30_000,
  )
  worker.kill('SIGTERM')
  expect(await worker.exited).toBe(0)
}, 60_000)
