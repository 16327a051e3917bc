import { expect, test } from 'bun:test'
import { Allowance, burstSeconds } from './allowance.ts'

test('T11 a burst of ten seconds’ worth passes, one more does not', () => {
  const allowance = new Allowance(5)
  for (let count = 0; count < 5 * burstSeconds; count += 1) expect(allowance.take(1, 1_000)).toBe(true)
  expect(allowance.take(1, 1_000)).toBe(false)
})

test('T11 the average rate passes for ever', () => {
  const allowance = new Allowance(5)
  for (let nowMs = 0; nowMs < 3_600_000; nowMs += 200) expect(allowance.take(1, nowMs)).toBe(true)
})

test('T11 quiet earns a full burst and not more', () => {
  const allowance = new Allowance(1)
  expect(allowance.take(burstSeconds, 0)).toBe(true)
  expect(allowance.take(burstSeconds, burstSeconds * 1_000)).toBe(true)
  expect(allowance.take(burstSeconds + 1, 1_000_000)).toBe(false)
})
