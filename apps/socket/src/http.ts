/** Answers over uWebSockets.js: always corked, with a reason phrase, and errors in the public error body. */
import { STATUS_CODES } from 'node:http'
import { type ErrorCode, errorBody, errorStatus } from '@mopl/contracts/errors'
import { newId } from '@mopl/infrastructure/ids'
import type { HttpRequest, HttpResponse } from 'uWebSockets.js'

export type HttpHeaders = Record<string, string>

/** When trying again makes sense. */
const retryAfterSeconds: { readonly [Code in ErrorCode]?: string } = { UNAVAILABLE: '1', TOO_MANY_REQUESTS: '5' }

/** The response must not have been aborted. */
export function answer(res: HttpResponse, status: number, headers: HttpHeaders, body = ''): void {
  res.cork(() => {
    writeHead(res, status, headers)
    if (status === 204 || status === 304) res.endWithoutBody()
    else res.end(body)
  })
}

export function answerError(res: HttpResponse, code: ErrorCode, headers: HttpHeaders = {}): void {
  const seconds = retryAfterSeconds[code]
  const retryAfter = seconds === undefined ? {} : { 'retry-after': seconds }
  const all = { 'content-type': 'application/json', ...retryAfter, ...headers }
  answer(res, errorStatus(code), all, JSON.stringify(errorBody(code)))
}

/** To be called inside `cork`. */
export function writeHead(res: HttpResponse, status: number, headers: HttpHeaders): void {
  res.writeStatus(`${status} ${STATUS_CODES[status] ?? ''}`)
  for (const [name, value] of Object.entries(headers)) res.writeHeader(name, value)
}

/** The gateway's request id when it is a sane one, else a new one. */
export function requestIdOf(req: HttpRequest): string {
  const given = req.getHeader('x-request-id')
  return /^[\w.-]{1,128}$/.test(given) ? given : newId()
}
