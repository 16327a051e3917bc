import { expect, test } from 'bun:test'
import { Histogram } from './histogram.ts'

test('percentiles are at most two per cent off', () => {
  const histogram = new Histogram()
  for (let micros = 1; micros <= 100_000; micros++) histogram.record(micros)
  for (const share of [0.5, 0.9, 0.99]) {
    const exact = share * 100
    expect(Math.abs(histogram.percentileMs(share) - exact)).toBeLessThan(exact * 0.02)
  }
  expect(histogram.maxMs).toBe(100)
})

test('those of several processes add up to one', () => {
  const [one, two] = [new Histogram(), new Histogram()]
  for (let count = 0; count < 99; count++) one.record(1_000)
  two.record(50_000)
  one.add(two.toMessage())
  expect(one.percentileMs(0.5)).toBeCloseTo(1, 1)
  expect(one.percentileMs(1)).toBe(50)
})

test('without values everything is 0', () => {
  expect(new Histogram().percentileMs(0.99)).toBe(0)
})
