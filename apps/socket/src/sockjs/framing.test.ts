import { AppError } from '@mopl/contracts/errors'
import { expect, test } from 'bun:test'
import { closeFrame, messageFrame, readMessages } from './framing.ts'

test('J2 texts travel in JSON arrays', () => {
  expect(messageFrame('a"\n\0안')).toBe('a["a\\"\\n\\u0000안"]')
  expect(closeFrame(1012, 'Service Restart')).toBe('c[1012,"Service Restart"]')
})

test('J3 an array of strings, one string, or nothing', () => {
  expect(readMessages('["a","b"]')).toEqual(['a', 'b'])
  expect(readMessages('"a"')).toEqual(['a'])
  expect(readMessages('')).toEqual([])
  expect(readMessages('[]')).toEqual([])
})

test.each(['[', 'x', '{}', '[1]', 'null', '["a",null]'])('J3 %s is refused', (message) => {
  expect(() => readMessages(message)).toThrow(AppError)
})
