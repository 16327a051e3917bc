import { expect, test } from 'bun:test'
import { type Run, summarise } from './summary.ts'

const run: Run = {
  job: 'cleanup',
  dryRun: false,
  json: false,
  outcome: 'succeeded',
  seconds: 1.25,
  counts: { 'unused-tags': 3, 'read-notifications': 12_345 },
  details: [{ index: 'ix_a', isValid: true, bytes: 12_345 }],
}

test('a terminal gets a table', () => {
  expect(summarise(run, true).split('\n')).toEqual([
    'cleanup succeeded in 1.3 s',
    '  unused-tags              3',
    '  read-notifications  12,345',
    '  index ix_a, isValid true, bytes 12,345',
  ])
})

test('a log gets plain lines', () => {
  expect(summarise({ ...run, dryRun: true }, false).split('\n')).toEqual([
    'cleanup succeeded in 1.3 s, dry run: nothing was changed',
    'unused-tags 3',
    'read-notifications 12345',
    'index ix_a, isValid true, bytes 12345',
  ])
})

test('a script gets one line of JSON', () => {
  expect(JSON.parse(summarise({ ...run, json: true }, true))).toEqual({
    job: 'cleanup',
    outcome: 'succeeded',
    dryRun: false,
    seconds: 1.25,
    counts: { 'unused-tags': 3, 'read-notifications': 12_345 },
    details: [{ index: 'ix_a', isValid: true, bytes: 12_345 }],
  })
})
