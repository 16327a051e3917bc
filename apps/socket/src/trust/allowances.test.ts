import { expect, test } from 'bun:test'
import { burstSeconds } from './allowance.ts'
import { Allowances } from './allowances.ts'

test('C6 everybody has an allowance of their own, and coming and going does not fill it', () => {
  const allowances = new Allowances(1)
  for (let count = 0; count < burstSeconds; count += 1) expect(allowances.take('loud', 1_000)).toBe(true)
  for (let other = 0; other < 5_000; other += 1) expect(allowances.take(String(other), 1_000)).toBe(true)
  expect(allowances.take('loud', 1_000)).toBe(false)
  expect(allowances.take('loud', 20_000)).toBe(true)
})
