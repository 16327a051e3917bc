/** What a client sees when its frame is refused: the words in `message`, the public error body as the body. */
import { AppError, errorBody } from '@mopl/contracts/errors'
import { isRedisUnavailable } from '@mopl/infrastructure/redis'
import { encodeFrame, type StompVersion, stompVersions } from './frame.ts'

export function errorFrame({ code, details }: AppError, version: StompVersion, receiptId?: string): string {
  const body = errorBody(code, details)
  const headers = {
    message: body.message,
    'content-type': 'application/json',
    version: stompVersions.toReversed().join(','),
    ...(receiptId === undefined ? {} : { 'receipt-id': receiptId }),
  }
  return encodeFrame('ERROR', headers, version, JSON.stringify(body))
}

/** Nothing else's message ever reaches a client: Redis away is UNAVAILABLE, anything unforeseen is INTERNAL. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  return new AppError(isRedisUnavailable(error) ? 'UNAVAILABLE' : 'INTERNAL', {}, undefined, { cause: error })
}
