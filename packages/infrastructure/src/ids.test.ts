import { expect, test } from 'bun:test'
import { newId, timeOfId } from './ids.ts'

test('ids made one after the other sort in that order, also within a millisecond', () => {
  const ids = Array.from({ length: 10_000 }, newId)
  expect(ids.toSorted()).toEqual(ids)
  expect(new Set(ids).size).toBe(ids.length)
})

test('the time inside an id is the time at which it was made', () => {
  const before = Date.now()
  const time = timeOfId(newId()).getTime()
  expect(time).toBeGreaterThanOrEqual(before)
  // The counter may borrow from the future when many ids are made in one millisecond (RFC 9562 section 6.2).
  expect(time).toBeLessThan(Date.now() + 1_000)
})
