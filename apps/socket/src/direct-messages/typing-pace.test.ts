import { newId } from '@mopl/infrastructure/ids'
import { expect, test } from 'bun:test'
import type { Visitor } from '../destinations.ts'
import { TypingPace } from './typing-pace.ts'

function aVisitor(): Visitor {
  const userId = newId()
  const claims = { sub: userId, role: 'USER', sid: newId(), iat: 0, exp: 0 } as const
  return { claims, user: { userId, name: 'Mina' }, requestId: newId() }
}

test('D6 a beginning once a second, an end after a beginning', () => {
  const [pace, visitor] = [new TypingPace(), aVisitor()]
  const says = (isTyping: boolean, atMs: number, conversation = 'one') =>
    pace.allows(visitor, conversation, isTyping, atMs)
  expect(says(false, 0)).toBe(false)
  expect(says(true, 0)).toBe(true)
  expect(says(true, 999)).toBe(false)
  expect(says(false, 999)).toBe(true)
  expect(says(false, 999)).toBe(false)
  expect(says(true, 999)).toBe(false)
  expect(says(true, 1_000)).toBe(true)
  expect(says(true, 1_000, 'two')).toBe(true)
})

test('D6 however often it is said, two a second get through', () => {
  const [pace, visitor] = [new TypingPace(), aVisitor()]
  let passed = 0
  for (let atMs = 0; atMs < 10_000; atMs += 10) if (pace.allows(visitor, 'one', atMs % 20 === 0, atMs)) passed += 1
  expect(passed).toBe(20)
})

test('D6 another connection has its own pace', () => {
  const pace = new TypingPace()
  expect([aVisitor(), aVisitor()].map((visitor) => pace.allows(visitor, 'one', true, 0))).toEqual([true, true])
})
