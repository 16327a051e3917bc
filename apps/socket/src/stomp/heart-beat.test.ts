import { AppError } from '@mopl/contracts/errors'
import { expect, test } from 'bun:test'
import { agreedBeatMs } from './heart-beat.ts'

test.each([
  [undefined, 0],
  ['0,0', 0],
  ['4000,0', 0],
  ['4000,4000', 10_000],
  ['0,12345', 12_000],
  ['0,999999999', 60_000],
])('S5 a client that says %p is sent a beat every %p ms', (header, interval) => {
  expect(agreedBeatMs(header)).toBe(interval)
})

test.each(['', '1', '1,2,3', '-1,5', 'a,b', '1e3,1e3'])('S5 heart-beat %p is refused', (header) => {
  expect(() => agreedBeatMs(header)).toThrow(AppError)
})
