import { expect, test } from 'bun:test'
import { join } from 'node:path'

function bench(name: string, ...args: string[]) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([
    process.execPath,
    join(import.meta.dir, `../${name}/main.ts`),
    ...args,
  ])
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() }
}

test.each(['api', 'events', 'realtime'])('bench:%s --help names its scenarios and options', (name) => {
  const { exitCode, stdout, stderr } = bench(name, '--help')
  expect([exitCode, stderr]).toEqual([0, ''])
  expect(stdout).toStartWith(`usage: bun run bench:${name} [scenario...] [options]\n`)
  for (const word of [name === 'realtime' ? 'fan-out' : name === 'api' ? 'operations' : 'relay', '--quick', '--rounds'])
    expect(stdout).toContain(`  ${word} `)
})

test.each([
  [['nothing'], 'there is no scenario nothing\n'],
  [['--nothing'], "Unknown option '--nothing'"],
  [['--rounds', '0'], '--rounds takes a positive number\n'],
])('what there is not (%j) is one sentence, the usage and exit code 2', (args, sentence) => {
  const { exitCode, stdout, stderr } = bench('events', ...args)
  expect([exitCode, stdout]).toEqual([2, ''])
  expect(stderr).toStartWith(sentence)
  expect(stderr).toContain('usage: bun run bench:events')
})
