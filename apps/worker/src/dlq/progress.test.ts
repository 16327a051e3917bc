import { expect, test } from 'bun:test'
import { openProgress, progressLine } from './progress.ts'

/** Everything that was written while a second passes in steps of 10 ms, `seconds` times. */
function written(isTTY: boolean, seconds: number): string[] {
  const texts: string[] = []
  let now = 0
  const progress = openProgress({ isTTY, write: (text) => texts.push(text) }, seconds * 100, () => now)
  for (let done = 1; done <= seconds * 100; done++) {
    now += 10
    progress.show(done)
  }
  progress.clear()
  return texts
}

test('progress tells how far, how fast and how long still', () => {
  expect(progressLine(3_000, 12_000, 30)).toBe('3,000 of 12,000 (25 %), 100/s, 90 s left')
  expect(progressLine(12_000, 12_000, 120)).toBe('12,000 of 12,000 (100 %), 100/s')
})

test('a terminal has a bar that is redrawn at most ten times a second and cleared at the end', () => {
  const texts = written(true, 2)
  expect(texts).toHaveLength(21)
  expect(texts[10]).toStartWith(`\r\x1b[K[${'#'.repeat(15)}${'-'.repeat(15)}] 101 of 200 (50 %), `)
  expect(texts.at(-1)).toBe('\r\x1b[K')
})

test('elsewhere there is a plain line every five seconds', () => {
  const texts = written(false, 12)
  expect(texts).toEqual(['500 of 1,200 (41 %), 100/s, 7 s left\n', '1,000 of 1,200 (83 %), 100/s, 2 s left\n'])
})
