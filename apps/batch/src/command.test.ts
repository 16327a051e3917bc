import { expect, test } from 'bun:test'
import { parseCommand } from './command.ts'

test('a job and its flags are read in any order', () => {
  expect(parseCommand(['--json', 'cleanup', '--dry-run'])).toEqual({ job: 'cleanup', dryRun: true, json: true })
  expect(parseCommand(['recount'])).toEqual({ job: 'recount', dryRun: false, json: false })
})

test('what is wrong with a command is said in one sentence', () => {
  expect(parseCommand([])).toBe('no job named')
  expect(parseCommand(['toString'])).toBe('no such job')
  expect(parseCommand(['cleanup', 'cleanup'])).toBe('one job at a time')
  expect(parseCommand(['cleanup', '--forec'])).toBe("Unknown option '--forec'")
})

test('help is asked for with -h as well', () => {
  expect(parseCommand(['-h'])).toBe('help')
})
