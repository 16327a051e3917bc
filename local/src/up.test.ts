import { afterAll, expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { eventually } from '@mopl/infrastructure/eventually'
import { root } from './bundles.ts'
import { freePort } from './ports.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'mopl-up-'))
afterAll(() => rmSync(dataDir, { recursive: true }))
/** Without the servers that this test itself was given. */
const { DATABASE_URL: _, REDIS_URL: __, KAFKA_BROKERS: ___, ...inherited } = process.env

test('bin/up brings everything up, refuses a second one beside it, leaves nothing running, is up again within 10 s, and its operator finds it', async () => {
  const port = await freePort()
  const first = up({ MOPL_PORT: String(port), MOPL_DATA_DIR: dataDir })
  await eventually('it is ready', () => first.output().includes(`ready http://localhost:${port}\n`), 60_000)
  const running = JSON.parse(readFileSync(join(dataDir, 'running.json'), 'utf8')) as { name: string; pid: number }[]
  const parts = ['postgres', 'redis', 'kafka', 'api', 'socket-1', 'socket-2', 'worker', 'batch', 'nginx']
  expect(running.map(({ name }) => name).toSorted()).toEqual(['bin/up', ...parts].toSorted())

  const sameDirectory = up({ MOPL_PORT: String(await freePort()), MOPL_DATA_DIR: dataDir })
  expect(await sameDirectory.exited).toBe(1)
  expect(sameDirectory.output()).toBe(`${dataDir} is in use by a running bin/up (pid ${first.pid})\n`)

  const samePort = up({ MOPL_PORT: String(port), MOPL_DATA_DIR: join(dataDir, 'other') })
  expect(await samePort.exited).toBe(1)
  expect(samePort.output()).toBe(`port ${port} is taken; choose another one with MOPL_PORT=<port> bin/up\n`)

  first.kill('SIGINT')
  expect(await first.exited).toBe(0)
  expect(first.output()).toEndWith('stopping\nstopped\n')
  expect(running.filter(({ pid }) => existsSync(`/proc/${pid}`))).toEqual([])

  const again = up({ MOPL_PORT: String(port), MOPL_DATA_DIR: dataDir })
  await eventually('it is ready again', () => again.output().includes(`ready http://localhost:${port}\n`), 10_000)
  expect(await script('worker:dlq', 'list')).toBe('0 dead letters\n')
  expect(await script('batch:cleanup', '--dry-run')).toStartWith('cleanup succeeded in ')
  expect(await script('batch:history')).toBe('no run yet\n')
  expect(await script('db:migrate')).toBe('nothing to apply\n')
  again.kill('SIGTERM')
  expect(await again.exited).toBe(0)
})

test('bin/up that is asked to stop while it starts does so, and leaves nothing running', async () => {
  const directory = join(dataDir, 'early')
  const early = up({ MOPL_PORT: String(await freePort()), MOPL_DATA_DIR: directory })
  await eventually('something runs', () => early.output().includes(' is up\n'), 60_000)
  expect(processesThatName(directory)).not.toBeEmpty()
  early.kill('SIGTERM')
  expect(await early.exited).toBe(0)
  expect(early.output()).toEndWith('stopping\nstopped\n')
  expect(early.output()).not.toContain('ready ')
  expect(processesThatName(directory)).toBeEmpty()
})

test('bin/up says in one sentence what is wrong with its environment', async () => {
  const port = up({ MOPL_PORT: 'eighty', MOPL_DATA_DIR: dataDir })
  expect(await port.exited).toBe(1)
  expect(port.output()).toBe('MOPL_PORT must be a port, not "eighty"\n')

  const nobody = `redis://127.0.0.1:${await freePort()}`
  const redis = up({ MOPL_PORT: String(await freePort()), MOPL_DATA_DIR: join(dataDir, 'redis'), REDIS_URL: nobody })
  expect(await redis.exited).toBe(1)
  expect(redis.output()).toContain('\nRedis does not answer at REDIS_URL: ')
})

/** What a script of package.json says, told by a path relative to the root where the system keeps its data. */
async function script(...command: string[]): Promise<string> {
  const env = { ...inherited, MOPL_DATA_DIR: relative(root, dataDir) }
  const child = Bun.spawn([process.execPath, 'run', '--silent', ...command], { cwd: root, env, stderr: 'pipe' })
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()])
  return out + err
}

/** Process ids, found by command line and environment. */
function processesThatName(text: string): string[] {
  const names = (pid: string, file: string) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(text)
    } catch {
      return false
    }
  }
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))
  return pids.filter((pid) => names(pid, 'cmdline') || names(pid, 'environ'))
}

/** `bin/up` without its installing part. */
function up(env: Record<string, string>) {
  const log = join(dataDir, `up-${randomUUID()}.txt`)
  const out = openSync(log, 'a')
  const child = Bun.spawn([process.execPath, '--no-env-file', join(import.meta.dir, 'up.ts')], {
    env: { ...inherited, ...env },
    stdio: ['ignore', out, out],
  })
  closeSync(out)
  return {
    pid: child.pid,
    exited: child.exited,
    output: () => readFileSync(log, 'utf8'),
    kill: (signal: NodeJS.Signals) => child.kill(signal),
  }
}
