/** Reading a request's body: never more than allowed, and only of the media type asked for. */
import { AppError } from '@mopl/contracts/errors'
import type { HonoRequest } from 'hono'

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

/** @throws {AppError} UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE, MALFORMED_JSON */
export async function readJson(request: HonoRequest): Promise<unknown> {
  if (mediaType(request) !== 'application/json') throw new AppError('UNSUPPORTED_MEDIA_TYPE')
  return parseJson(await (await readBody(request, maxJsonBytes)).text())
}

/**
 * A form's fields, urlencoded or multipart as `type` says.
 *
 * @throws {AppError} UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE, INVALID_REQUEST
 */
export async function readForm(
  request: HonoRequest,
  type: 'application/x-www-form-urlencoded' | 'multipart/form-data',
): Promise<Form> {
  if (mediaType(request) !== type) throw new AppError('UNSUPPORTED_MEDIA_TYPE')
  const body = await readBody(request, type === 'multipart/form-data' ? maxMultipartBytes : maxJsonBytes)
  return body.formData().catch((cause: unknown) => {
    throw new AppError('INVALID_REQUEST', { body: '본문 형식이 올바르지 않습니다.' }, undefined, { cause })
  })
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('MALFORMED_JSON', {}, undefined, { cause })
  }
}

/** `Content-Length` may be absent or lie, so that the bytes themselves are counted as they come. */
async function readBody(request: HonoRequest, maxBytes: number): Promise<Response> {
  if (Number(request.header('content-length') ?? 0) > maxBytes) throw new AppError('PAYLOAD_TOO_LARGE')
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  for await (const chunk of request.raw.body ?? []) {
    size += chunk.byteLength
    if (size > maxBytes) throw new AppError('PAYLOAD_TOO_LARGE')
    chunks.push(chunk)
  }
  return new Response(new Blob(chunks), { headers: { 'content-type': request.header('content-type') ?? '' } })
}
