/**
 * Without a container engine: the steps of the Dockerfile that make what Bun runs are taken from it and run in folders of
 * their own, and what they leave is started. The two images that Node runs differ in an addon that takes minutes to
 * compile; their bundles come from the same step.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { root } from './bundles.ts'

type Step = { verb: string; rest: string }
type Stage = { name: string; from: string; steps: Step[] }

const stages = parse(readFileSync(join(root, 'Dockerfile'), 'utf8'))
const images = mkdtempSync(join(tmpdir(), 'mopl-images-'))
const context = join(images, 'context')
const built = new Map<string, string>()

beforeAll(async () => {
  mkdirSync(context)
  const files = Bun.spawnSync(['git', 'ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root })
  for (const file of files.stdout.toString().trim().split('\n'))
    if (existsSync(join(root, file))) cpSync(join(root, file), join(context, file))
  for (const name of ['tools', 'api-modules', 'build', 'on-bun', 'api', 'batch', 'migrate']) await build(name)
}, 180_000)
afterAll(() => rmSync(images, { recursive: true }), 120_000)

function parse(text: string): Stage[] {
  const lines = text.replaceAll(/\\\n/g, ' ').split('\n')
  const found: Stage[] = []
  for (const line of lines) {
    const [verb = '', ...words] = line.split(' ')
    if (verb === 'FROM') found.push({ from: words[0] ?? '', name: words[2] ?? '', steps: [] })
    else if (/^[A-Z]+$/.test(verb)) found.at(-1)?.steps.push({ verb, rest: words.join(' ') })
  }
  return found
}

/** A stage as a folder: that of the stage it is from, copied, and its steps done in it. */
async function build(name: string): Promise<void> {
  const stage = stages.find((each) => each.name === name)
  if (stage === undefined) throw new Error(`the Dockerfile has no stage ${name}`)
  const base = built.get(stage.from)
  const isSame = !stage.steps.some(({ verb }) => verb === 'COPY' || verb === 'RUN')
  if (base !== undefined && isSame) return void built.set(name, base)
  const directory = join(images, name)
  if (base === undefined) mkdirSync(directory)
  else cpSync(base, directory, { recursive: true, verbatimSymlinks: true })
  built.set(name, directory)
  for (const { verb, rest } of stage.steps)
    if (verb === 'COPY') copy(rest, directory)
    else if (verb === 'RUN' && rest.startsWith('bun ')) await run(rest, directory)
}

/** From outside (`--from=bun`, absolute paths) comes what this machine has already. */
function copy(rest: string, directory: string): void {
  const words = rest.split(' ')
  const from = /^--from=(.+)$/.exec(words[0] ?? '')?.[1]
  if (from !== undefined) words.shift()
  if (from !== undefined && !built.has(from)) return
  const target = words.at(-1) ?? ''
  for (const source of words.slice(0, -1)) {
    const path = from === undefined ? join(context, source) : source.replace(/^\/mopl/, built.get(from) ?? '')
    const isFolder = target.endsWith('/') && source !== '.'
    const to = join(directory, target, isFolder ? basename(source) : '')
    mkdirSync(dirname(to), { recursive: true })
    cpSync(path, to, { recursive: true, verbatimSymlinks: true })
  }
}

async function run(command: string, cwd: string): Promise<void> {
  const child = Bun.spawn(['sh', '-c', command], { cwd, stdout: 'pipe', stderr: 'pipe', env: environment })
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  if (code !== 0) throw new Error(`${command} failed: ${out}${err}`)
}

const environment = { PATH: `${dirname(process.execPath)}:${process.env['PATH']}`, HOME: process.env['HOME'] }

async function start(name: string, command: string[], env: Record<string, string> = {}) {
  const child = Bun.spawn(command, {
    cwd: built.get(name) ?? '',
    env: { ...environment, ...env },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  return { said: out + err, code }
}

const commandOf = (name: string) =>
  JSON.parse(stages.find((each) => each.name === name)?.steps.find(({ verb }) => verb === 'CMD')?.rest ?? '[]')

describe('what the Dockerfile builds', () => {
  test.each(['api', 'batch'])('%s starts, and says which variables it lacks', async (name) => {
    const { said, code } = await start(name, commandOf(name), { PORT: '8080' })
    expect(code).toBe(1)
    expect(said).toContain('DATABASE_URL is required')
    expect(said).not.toContain('Cannot find')
  })

  test('batch has the command of the runbook', async () => {
    const { said, code } = await start('batch', ['bun', 'apps/batch/dist/run.js', 'reindex', '--help'])
    expect(code).toBe(0)
    expect(said).toContain('usage: bun run batch:<job>')
  })

  test('migrate starts, and says which variable it lacks', async () => {
    const { said, code } = await start('migrate', commandOf('migrate'))
    expect(code).toBe(1)
    expect(said).toContain('DATABASE_URL')
  })

  test('the bundles of the images that Node runs are made', () => {
    for (const file of ['socket/dist/main.js', 'worker/dist/main.js', 'worker/dist/dlq/main.js'])
      expect(existsSync(join(built.get('build') ?? '', 'apps', file))).toBe(true)
  })
})
