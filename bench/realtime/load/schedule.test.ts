import { expect, test } from 'bun:test'
import { schedule } from './schedule.ts'

test('even lines are as far apart as the rate says', () => {
  expect([...schedule(4, 100, 'even')]).toEqual([0, 10_000, 20_000, 30_000])
})

test('random lines keep the rate, and come at the same moments in every run', () => {
  const lines = [...schedule(5_000, 100, 'random')]
  expect((lines.at(-1) ?? 0) / 5_000).toBeWithin(9_500, 10_500)
  expect([...schedule(5_000, 100, 'random')]).toEqual(lines)
  const closeTogether = lines.filter((due, index) => due - (lines[index - 1] ?? -Infinity) < 1_000)
  expect(closeTogether.length / 5_000).toBeCloseTo(1 - Math.exp(-0.1), 1)
})
