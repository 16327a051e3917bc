/** What a client sends in the body of `xhr_send` and `jsonp_send`. */
import type { HttpResponse } from 'uWebSockets.js'

/** Clients gather what they send while a request is under way, so that a body may hold many texts. */
const bodyBytesAtMost = 256 * 1024

export type Payload = { texts: string[] } | { problem: 'Payload expected.' | 'Broken JSON encoding.' }

/** Calls back with the whole body, or `undefined` when it is too large; not at all when the client is gone before. */
export function readBody(res: HttpResponse, onBody: (body: string | undefined) => void): void {
  const chunks: Buffer[] = []
  let bytes = 0
  let isOver = false
  const over = (body: string | undefined) => {
    if (isOver) return
    isOver = true
    onBody(body)
  }
  res.onAborted(() => {
    isOver = true
  })
  res.onData((chunk, isLast) => {
    bytes += chunk.byteLength
    if (bytes > bodyBytesAtMost) return over(undefined)
    // A chunk is only valid during the call.
    chunks.push(Buffer.from(chunk.slice(0)))
    if (isLast) over(Buffer.concat(chunks).toString())
  })
}

/** The texts in a JSON array. The words of a problem are the protocol's. sockjs-protocol 0.3.3, "XhrPolling". */
export function readPayload(body: string): Payload {
  if (body === '') return { problem: 'Payload expected.' }
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return { problem: 'Broken JSON encoding.' }
  }
  if (!Array.isArray(value) || !value.every((text) => typeof text === 'string')) return { problem: 'Payload expected.' }
  return { texts: value }
}

/** The payload of a form has the field `d`; any other type of content is the payload itself. */
export function formPayload(contentType: string, body: string): string {
  if (!contentType.startsWith('application/x-www-form-urlencoded')) return body
  return new URLSearchParams(body).get('d') ?? ''
}
