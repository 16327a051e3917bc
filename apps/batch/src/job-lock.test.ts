import { failureOf } from '@mopl/infrastructure/testing'
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { withJobLock } from './job-lock.ts'
import { openTestBatch } from './test-data.ts'

let batch: Awaited<ReturnType<typeof openTestBatch>>
beforeAll(async () => void (batch = await openTestBatch()))
afterAll(() => batch.close())

const never = new AbortController().signal
const lock = <T>(job: string, run: (signal: AbortSignal) => Promise<T>) =>
  withJobLock(batch.postgres.pool, job, never, run)

test('of two runs of one job at once only one happens; another job is not held up', async () => {
  const inner = await lock('cleanup', async () => ({
    same: await lock('cleanup', async () => 'ran'),
    other: await lock('recount', async () => 'ran'),
  }))
  expect(inner).toEqual({ same: undefined, other: 'ran' })
})

test('the lock is free again after a run, also after one that failed', async () => {
  const failing = lock('cleanup', () => Promise.reject(new Error('broken')))
  expect(String(await failureOf(failing))).toContain('broken')
  expect(await lock('cleanup', async () => 'ran')).toBe('ran')
})

test('a run that loses its lock with its connection is told to stop', async () => {
  const reason = await lock('cleanup', async (signal) => {
    const stopped = new Promise<unknown>((resolve) => signal.addEventListener('abort', () => resolve(signal.reason)))
    await batch.postgres.pool.query(
      `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'
       and database = (select oid from pg_database where datname = current_database())`,
    )
    return stopped
  })
  expect(String(reason)).toContain('terminat')
})
