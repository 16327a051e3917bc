import { batchRuns } from '@mopl/infrastructure/tables'
import { newId } from '@mopl/infrastructure/ids'
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { openTestBatch } from './test-data.ts'

let batch: Awaited<ReturnType<typeof openTestBatch>>
beforeAll(async () => void (batch = await openTestBatch()))
afterAll(() => batch.close())

async function history(...args: string[]) {
  const child = Bun.spawn(['bun', '--no-env-file', `${import.meta.dir}/show-history.ts`, ...args], {
    env: { PATH: process.env['PATH'], DATABASE_URL: batch.url },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  return { out, err, code }
}

test('runs are shown newest first, in the time of Seoul, with what came of them', async () => {
  expect(await history()).toEqual({ code: 0, err: '', out: 'no run yet\n' })
  await batch.db.insert(batchRuns).values([
    {
      id: newId(),
      job: 'cleanup',
      startedAt: new Date('2026-03-01T19:30:00Z'),
      endedAt: new Date('2026-03-01T19:30:01.25Z'),
      outcome: 'succeeded',
      counts: { 'read-notifications': 12_345, 'unused-tags': 0 },
    },
    {
      id: newId(),
      job: 'cleanup',
      startedAt: new Date('2026-03-02T19:30:00Z'),
      endedAt: new Date('2026-03-02T19:31:00Z'),
      outcome: 'failed',
      reason: 'the disk is full',
    },
    { id: newId(), job: 'cleanup', startedAt: new Date('2026-03-03T19:30:00Z') },
  ])
  const { out } = await history()
  expect(out.split('\n')).toEqual([
    '2026-03-04 04:30:00  cleanup  running    -       ',
    '2026-03-03 04:30:00  cleanup  failed     60.0 s  the disk is full',
    '2026-03-02 04:30:00  cleanup  succeeded  1.3 s   read-notifications 12,345',
    '',
  ])
})

test('a script gets one line of JSON for each', async () => {
  const { out } = await history('cleanup', '--json', '--limit', '1')
  expect(JSON.parse(out)).toMatchObject({ job: 'cleanup', outcome: 'running', endedAt: null, counts: {} })
})

test.each([
  [['nope'], 'no such job'],
  [['cleanup', 'cleanup'], 'one job at a time'],
  [['--limit', '0'], '--limit must be a number from 1 to 9999'],
  [['--wrong'], "Unknown option '--wrong'"],
])('%j is answered with the usage and exit code 2', async (args, complaint) => {
  const { code, out, err } = await history(...args)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toContain(complaint)
  expect(err).toContain('usage: bun run batch:history')
})

test('--help is answered with the usage and exit code 0', async () => {
  const { code, out, err } = await history('--help')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toStartWith('usage: bun run batch:history')
})
