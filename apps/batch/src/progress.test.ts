import { expect, test } from 'bun:test'
import { progressLine, terminalProgress } from './progress.ts'

test('progress tells how far, how fast and how long still', () => {
  expect(progressLine('read-notifications', 3_000, 12_000, 2)).toBe(
    'read-notifications  [#####---------------] 3,000 of 12,000 (25 %), 1,500/s, 6 s left',
  )
  expect(progressLine('a', 12, 10, 2)).toBe('a  [####################] 12 of 10 (120 %), 6/s')
  expect(progressLine('orphaned-pictures', 7, 0, 0)).toBe('orphaned-pictures  7, 0/s')
})

test('a terminal is redrawn at most ten times a second, and once for each kind', () => {
  const written: string[] = []
  let now = 0
  const progress = terminalProgress({ isTTY: true, write: (text) => written.push(text) }, () => now)
  for (now = 0; now < 1_000; now += 10) progress.show('a', now, 1_000)
  progress.show('b', 0, 1)
  expect(written).toHaveLength(11)
  progress.clear()
  expect(written.at(-1)).toBe('\r\x1b[K')
})

test('what is not a terminal gets no progress at all', () => {
  const written: string[] = []
  const progress = terminalProgress({ write: (text) => written.push(text) })
  progress.show('a', 1, 2)
  progress.clear()
  expect(written).toEqual([])
})
