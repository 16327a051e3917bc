/** `multipart/form-data` as the contract uses it: a JSON part `request`, and a picture beside it. */
import { AppError } from '@mopl/contracts/errors'
import type { HonoRequest, MiddlewareHandler } from 'hono'
import type * as v from 'valibot'
import { type Form, maxPictureBytes, mediaType, parseJson, readJson, readMultipart } from './body.ts'
import { telling } from './describe.ts'
import type { Env } from './env.ts'
import { decodeUtf8 } from './utf8.ts'
import { bodyRefusals, parsed } from './validate.ts'

export type Parts<T> = { request: T; picture: Blob | undefined }

/**
 * `c.req.valid('form')` is `{ request, picture }`. A body of `application/json` alone is a request without a picture.
 *
 * @param pictureName the name of the picture's part
 * @throws {AppError} as `valid`; PAYLOAD_TOO_LARGE also for a picture beyond its own limit
 */
export function validParts<S extends v.GenericSchema<unknown, object>>(
  schema: S,
  pictureName: string,
): MiddlewareHandler<Env, string, { in: { form: Parts<v.InferInput<S>> }; out: { form: Parts<v.InferOutput<S>> } }> {
  return telling(
    async (c, next) => {
      const { request, picture } = await readParts(c.req, pictureName)
      c.req.addValidatedData('form', { request: parsed(schema, request), picture })
      await next()
    },
    {
      body: { type: 'parts', schema, picture: pictureName },
      refusals: [...bodyRefusals, 'MALFORMED_JSON', 'TOO_MANY_REQUESTS'],
    },
  )
}

async function readParts(request: HonoRequest, pictureName: string): Promise<Parts<unknown>> {
  if (mediaType(request) === 'application/json')
    return { request: unwrapped(await readJson(request)), picture: undefined }
  const form = await readMultipart(request, 'request')
  const json = only(form, 'request')
  if (json === undefined) throw new AppError('INVALID_REQUEST', { request: '필수 값입니다.' })
  const text = typeof json === 'string' ? json : decodeUtf8(new Uint8Array(await json.arrayBuffer()), 'request')
  return { request: parseJson(text), picture: pictureOf(only(form, pictureName), pictureName) }
}

/** As JSON the fields may stand by themselves, or as in a multipart form under `request`. */
function unwrapped(json: unknown): unknown {
  return typeof json === 'object' && json !== null && 'request' in json ? json.request : json
}

function only(form: Form, name: string): Blob | string | undefined {
  const [first, second] = form.getAll(name)
  if (second !== undefined) throw new AppError('INVALID_REQUEST', { [name]: '하나만 보낼 수 있습니다.' })
  return first
}

/** Browsers send an empty file, or an empty text, for a file input that was left alone. */
function pictureOf(part: Blob | string | undefined, name: string): Blob | undefined {
  if (part === undefined || part === '') return undefined
  if (typeof part === 'string') throw new AppError('INVALID_REQUEST', { [name]: '파일이어야 합니다.' })
  if (part.size > maxPictureBytes) throw new AppError('PAYLOAD_TOO_LARGE')
  return part.size === 0 ? undefined : part
}
