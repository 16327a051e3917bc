import type { Message } from '@confluentinc/kafka-javascript'
import { expect, test } from 'bun:test'
import { Holdings } from './kafka-holdings.ts'

const zero = { topic: 't', partition: 0 }
const one = { topic: 't', partition: 1 }
const at = (partition: typeof zero, offset: number): Message => ({ ...partition, offset, size: 0, value: null })
const offsets = (pulled: ReturnType<Holdings['ours']>) => pulled.map(({ message }) => message.offset)

test('what was pulled from a partition is ours as long as it is', () => {
  const holdings = new Holdings()
  holdings.add([zero, one])
  const pulled = holdings.stamp([at(zero, 1), at(one, 2), at(zero, 3)])
  expect(offsets(holdings.ours(pulled))).toEqual([1, 2, 3])
  expect(holdings.remove([one])).toEqual([one])
  expect(offsets(holdings.ours(pulled))).toEqual([1, 3])
})

test('when a partition is taken away and comes back, only what is pulled from then on is ours', () => {
  const holdings = new Holdings()
  holdings.add([zero, one])
  const before = holdings.stamp([at(zero, 1), at(one, 2)])
  holdings.remove([zero])
  holdings.add([zero])
  const after = holdings.stamp([at(zero, 1)])
  expect(offsets(holdings.ours(before))).toEqual([2])
  expect(offsets(holdings.ours(after))).toEqual([1])
})

test('what two revocations name is given back once, and what comes of no partition of ours is not ours', () => {
  const holdings = new Holdings()
  const stray = holdings.stamp([at(zero, 1)])
  expect(holdings.ours(stray)).toEqual([])
  holdings.add([zero])
  expect(holdings.ours(stray)).toEqual([])
  expect(holdings.remove([zero, one])).toEqual([zero])
  expect(holdings.remove([zero])).toEqual([])
})
