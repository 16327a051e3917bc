import { afterAll, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '@mopl/infrastructure/eventually'
import { startProcess, type ProcessOptions } from './processes.ts'

const logDir = mkdtempSync(join(tmpdir(), 'mopl-processes-'))
afterAll(() => rmSync(logDir, { recursive: true }))

/** A shell that runs `script`; it is ready once it has said so. */
function shell(name: string, script: string, more: Partial<ProcessOptions> = {}) {
  const isReady = () => readFileSync(join(logDir, `${name}.log`), 'utf8').includes('ready')
  return startProcess({ name, command: ['sh', '-c', script], logDir, isReady, ...more })
}

test('a process that ends before it is ready is told with its last log lines', async () => {
  const started = shell('early', 'seq 1 100; echo cannot open the door; exit 3')
  const message = await started.then(
    () => 'started',
    (error: Error) => error.message,
  )
  expect(message).toStartWith('early ended before it was ready (exit code 3)')
  expect(message).toEndWith('  | 100\n  | cannot open the door')
  expect(message.split('\n')).toHaveLength(21)
})

test('a process that never gets ready is stopped and told', async () => {
  const started = shell('slow', 'echo waiting for rain; exec sleep 100', { readyTimeoutMs: 300 })
  expect(started).rejects.toThrow(/slow was not ready within 300 ms.*waiting for rain/s)
  await started.catch(() => undefined)
})

test('a process that stops politely leaves with its own exit code', async () => {
  const process = await shell('polite', "trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done")
  await process.stop()
  expect(await process.exited).toBe('exit code 0')
})

test('a process that ignores SIGTERM is killed at the deadline, its children too', async () => {
  const process = await shell(
    'stubborn',
    "trap '' TERM; sleep 1000 & echo child $!; echo ready; while :; do sleep 1; done",
    {
      stopTimeoutMs: 200,
    },
  )
  const child = /child (\d+)/.exec(readFileSync(process.logPath, 'utf8'))?.[1]
  await process.stop()
  expect(await process.exited).toBe('signal SIGKILL')
  await eventually('the child is gone', () => !existsSync(`/proc/${child}`))
})

test.each([false, true])(
  'when whoever started it is killed, a process is stopped too (unprivileged: %p)',
  async (unprivileged) => {
    const script = `
    import { startProcess } from ${JSON.stringify(join(import.meta.dir, 'processes.ts'))}
    const child = await startProcess({ name: 'orphan', command: ['sleep', '1000'], logDir: ${JSON.stringify(logDir)}, isReady: () => true, unprivileged: ${unprivileged} })
    console.log(child.pid)
    await child.exited`
    const parent = Bun.spawn(['bun', '-e', script], { stdout: 'pipe' })
    const first = await parent.stdout.getReader().read()
    const pid = new TextDecoder().decode(first.value).trim()
    await eventually('the child runs', () => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n')
    parent.kill('SIGKILL')
    await eventually('the child is gone', () => !existsSync(`/proc/${pid}`))
  },
)
