import { expect, test } from 'bun:test'
import { AppError, errorBody, errors, errorStatus, type ErrorCode } from './errors.ts'

const codes = Object.keys(errors) as ErrorCode[]

test.each(codes)('%s has a status of the contract and words for the user', (code) => {
  expect([400, 401, 403, 404, 405, 409, 413, 415, 429, 500, 503, 504]).toContain(errorStatus(code))
  expect(errorBody(code).message).toMatch(/[가-힣].*\.$/)
})

test('the error body has exactly the three fields of the contract', () => {
  expect(errorBody('INVALID_REQUEST', { rating: '0 이상이어야 합니다.' })).toEqual({
    exceptionName: 'INVALID_REQUEST',
    message: errors.INVALID_REQUEST[1],
    details: { rating: '0 이상이어야 합니다.' },
  })
})

test('an error keeps its cause for the log', () => {
  const cause = new Error('connection refused')
  const error = new AppError('UNAVAILABLE', {}, 5, { cause })
  expect(error).toMatchObject({ code: 'UNAVAILABLE', retryAfterSeconds: 5, cause, message: 'UNAVAILABLE' })
})
