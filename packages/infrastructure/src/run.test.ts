/** The life of a process, watched from outside. */
import { afterEach, expect, test } from 'bun:test'
import { eventually, freePort } from './testing.ts'

const children: Bun.Subprocess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** A process whose main is `start`, in the runtime that is running this. */
async function aProcess(start: string, env: Record<string, string> = {}) {
  const program = `
    import { runApp } from '${import.meta.dir}/run.ts'
    import { AppEnv } from '${import.meta.dir}/config.ts'
    await runApp('probe', AppEnv, async ({ env, log, resources }) => { ${start} })`
  const child = Bun.spawn(['bun', '--no-env-file', '-e', program], {
    env: { PATH: process.env['PATH'], PORT: String(await freePort()), ...env },
    stdout: 'pipe',
    stderr: 'inherit',
  })
  children.push(child)
  let output = ''
  const drained = (async () => {
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) output += chunk
  })()
  const line = (msg: string) =>
    output
      .trim()
      .split('\n')
      .filter((text) => text !== '')
      .map((text) => JSON.parse(text))
      .find((entry) => entry.msg === msg)
  const ended = async () => {
    const code = await child.exited
    await drained
    return code
  }
  return { child, line, ended }
}

test.each(['SIGTERM', 'SIGINT'] as const)('%s closes what is open, last opened first, and exits 0', async (signal) => {
  const { child, line, ended } = await aProcess(`
    resources.defer('first', () => log.info('first closed'))
    resources.defer('second', () => log.info('second closed'))
    setInterval(() => {}, 1_000).unref()`)
  await eventually('it started', () => line('started'))
  child.kill(signal)
  expect(await ended()).toBe(0)
  expect(line('stopping')).toMatchObject({ app: 'probe', signal })
  expect(line('second closed').time <= line('first closed').time).toBe(true)
  expect(line('stopped')).toBeDefined()
})

test('an invalid environment is one line that names the variable, and exit code 1', async () => {
  const { line, ended } = await aProcess('', { PORT: 'eighty' })
  expect(await ended()).toBe(1)
  expect(line('could not start')).toMatchObject({
    level: 'fatal',
    reason: 'invalid configuration: PORT must be a port',
  })
})

test('a start that fails half-way closes what it had opened, and exits 1', async () => {
  const { line, ended } = await aProcess(`
    resources.defer('pool', () => log.info('pool closed'))
    throw new Error('no broker')`)
  expect(await ended()).toBe(1)
  expect(line('could not start').err.message).toBe('no broker')
  expect(line('pool closed')).toBeDefined()
})

test('a shutdown that hangs is cut off after its deadline, with exit code 1', async () => {
  const { child, line, ended } = await aProcess(
    `resources.defer('stuck', () => new Promise(() => setInterval(() => {}, 1_000)))`,
    { SHUTDOWN_TIMEOUT_MS: '200' },
  )
  await eventually('it started', () => line('started'))
  child.kill('SIGTERM')
  expect(await ended()).toBe(1)
  expect(line('shutdown took too long, leaving')).toBeDefined()
})

test('the log level of the environment holds', async () => {
  const { child, line, ended } = await aProcess(`log.warn('open'); log.info('chatter')`, { LOG_LEVEL: 'warn' })
  await eventually('it is open', () => line('open'))
  child.kill('SIGTERM')
  expect(await ended()).toBe(0)
  expect(line('chatter')).toBeUndefined()
})
