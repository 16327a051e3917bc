/** Reading a request's body: never more than allowed, and only of the media type asked for. */
import { AppError } from '@mopl/contracts/errors'
import type { HonoRequest } from 'hono'
import { assertUtf8Escapes, decodeUtf8, notUtf8 } from './utf8.ts'

export const maxJsonBytes = 64 * 1024
export const maxPictureBytes = 5 * 1024 * 1024
/** A picture, the JSON beside it, and the boundaries around both. */
export const maxMultipartBytes = maxPictureBytes + 2 * maxJsonBytes
/** Of any request, for the server itself: beyond our own limits, so that it is we who answer 413. */
export const maxRequestBytes = 4 * maxMultipartBytes

/** The runtime's FormData, whose files are Blobs. */
export type Form = Awaited<ReturnType<Response['formData']>>

/** The media type without its parameters, lower-cased; empty when the request names none. */
export function mediaType(request: HonoRequest): string {
  return (request.header('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

/** @throws {AppError} UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE, MALFORMED_JSON, INVALID_REQUEST */
export async function readJson(request: HonoRequest): Promise<unknown> {
  assertMediaType(request, 'application/json')
  return parseJson(decodeUtf8(await readBody(request, maxJsonBytes), 'body'))
}

/** The fields of an urlencoded form. @throws {AppError} UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE, INVALID_REQUEST */
export async function readForm(request: HonoRequest): Promise<URLSearchParams> {
  assertMediaType(request, 'application/x-www-form-urlencoded')
  const text = decodeUtf8(await readBody(request, maxJsonBytes), 'body')
  assertUtf8Escapes(text)
  return new URLSearchParams(text)
}

/**
 * The parts of a multipart form. The first one of the name `textName` is UTF-8; of others nobody knows.
 *
 * @throws {AppError} UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE, INVALID_REQUEST
 */
export async function readMultipart(request: HonoRequest, textName: string): Promise<Form> {
  assertMediaType(request, 'multipart/form-data')
  const bytes = await readBody(request, maxMultipartBytes)
  const headers = { 'content-type': request.header('content-type') ?? '' }
  const form = await new Response(bytes, { headers }).formData().catch((cause: unknown) => {
    throw new AppError('INVALID_REQUEST', { body: '본문 형식이 올바르지 않습니다.' }, undefined, { cause })
  })
  // Only this one: each look takes as long as the body is.
  const text = form.get(textName)
  if (typeof text === 'string' && !isWithin(text, bytes)) throw notUtf8(textName)
  return form
}

/** @throws {AppError} MALFORMED_JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('MALFORMED_JSON', {}, undefined, { cause })
  }
}

/** A text part is decoded already: bytes that were not UTF-8 are U+FFFD in it, and so it is not in the body as it is. */
function isWithin(value: string, body: Buffer): boolean {
  return !value.includes('\uFFFD') || body.includes(value)
}

function assertMediaType(request: HonoRequest, type: string): void {
  if (mediaType(request) !== type) throw new AppError('UNSUPPORTED_MEDIA_TYPE')
}

/** What tells its length is read at once; of what does not, the bytes are counted as they come. */
async function readBody(request: HonoRequest, maxBytes: number): Promise<Buffer<ArrayBuffer>> {
  const length = request.header('content-length')
  if (Number(length ?? 0) > maxBytes) throw new AppError('PAYLOAD_TOO_LARGE')
  // No more comes than was told: the server cuts a body there (RFC 9112 section 6.3).
  if (length !== undefined) return Buffer.from(await request.raw.arrayBuffer())
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.raw.body ?? []) {
    size += chunk.byteLength
    if (size > maxBytes) throw new AppError('PAYLOAD_TOO_LARGE')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
