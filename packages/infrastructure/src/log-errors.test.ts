import { expect, test } from 'bun:test'
import { AppError } from '@mopl/contracts/errors'
import { DrizzleQueryError } from 'drizzle-orm'
import pg from 'pg'
import { loggedError } from './log-errors.ts'

const secret = '$argon2id$hash'

function refusedRow(): DrizzleQueryError {
  const cause = new pg.DatabaseError('new row violates check constraint "ck_users_name_length"', 1, 'error')
  Object.assign(cause, {
    code: '23514',
    constraint: 'ck_users_name_length',
    detail: `Failing row contains (${secret}).`,
  })
  return new DrizzleQueryError('insert into "users" values ($1)', [secret], cause)
}

test('a failed statement is logged with its reason and its text, without its parameters and the row', () => {
  const logged = loggedError(refusedRow())
  expect(logged).toMatchObject({
    type: 'error',
    message: 'new row violates check constraint "ck_users_name_length"',
    code: '23514',
    constraint: 'ck_users_name_length',
    query: 'insert into "users" values ($1)',
    stack: expect.stringContaining('log-errors.test.ts'),
  })
  expect(JSON.stringify(logged)).not.toContain(secret)
})

test('so it is as the cause of another error', () => {
  const logged = loggedError(new AppError('UNAVAILABLE', {}, 1, { cause: refusedRow() }))
  expect(logged).toMatchObject({ type: 'AppError', message: 'UNAVAILABLE', cause: { code: '23514' } })
  expect(JSON.stringify(logged)).not.toContain(secret)
})

test('nothing else that hangs on an error is logged, and no circle is followed for ever', () => {
  const error = Object.assign(new Error('no'), { config: { password: secret }, code: 7 })
  error.cause = error
  const logged = loggedError(error)
  expect(Object.keys(logged)).toEqual(['type', 'message', 'stack', 'cause'])
  expect(JSON.stringify(logged)).not.toContain(secret)
})

test.each([secret, undefined, { password: secret }])('what is no Error (%#) is not quoted', (thrown) => {
  expect(JSON.stringify(loggedError(thrown))).not.toContain(secret)
})
