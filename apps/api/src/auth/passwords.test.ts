import { expect, test } from 'bun:test'
import { AppError } from '@mopl/contracts/errors'
import { createPasswords } from './passwords.ts'

test('a flood of hashes is refused beyond a few running and a few waiting, and the rest is served', async () => {
  const passwords = await createPasswords({ running: 2, waiting: 3 })
  const results = await Promise.allSettled(Array.from({ length: 12 }, () => passwords.hash('password')))
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
  for (const result of results)
    if (result.status === 'rejected') {
      expect(result.reason).toBeInstanceOf(AppError)
      expect(result.reason).toMatchObject({ code: 'TOO_MANY_REQUESTS', retryAfterSeconds: 1 })
    }
  expect(await passwords.isRight('password', await passwords.hash('password'))).toBe(true)
})

test('hashes are argon2id with 19 MiB and two passes', async () => {
  const passwords = await createPasswords()
  expect(await passwords.hash('password')).toStartWith('$argon2id$v=19$m=19456,t=2,')
})

test('without a hash no password is right, the empty one included', async () => {
  const passwords = await createPasswords()
  expect(await passwords.isRight('', null)).toBe(false)
  expect(await passwords.isRight('password', undefined)).toBe(false)
})
