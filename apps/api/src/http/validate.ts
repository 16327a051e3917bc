/** Every input passes here, so that a refusal looks the same everywhere: the field and the rule it breaks, never the value. */
import { AppError } from '@mopl/contracts/errors'
import type { HonoRequest, MiddlewareHandler } from 'hono'
import * as v from 'valibot'
import { readForm, readJson } from './body.ts'
import { telling, type Telling } from './describe.ts'
import type { Env } from './env.ts'
import { reasons } from './reasons.ts'
import { assertUtf8Escapes } from './utf8.ts'

type Target = 'json' | 'form' | 'query' | 'param'

/**
 * `c.req.valid(target)` is what `schema` makes of it.
 *
 * @throws {AppError} INVALID_REQUEST with one reason per field; for bodies also MALFORMED_JSON, UNSUPPORTED_MEDIA_TYPE
 * and PAYLOAD_TOO_LARGE
 */
export function valid<T extends Target, S extends v.GenericSchema<unknown, object>>(
  target: T,
  schema: S,
): MiddlewareHandler<Env, string, { in: { [K in T]: v.InferInput<S> }; out: { [K in T]: v.InferOutput<S> } }> {
  return telling(
    async (c, next) => {
      c.req.addValidatedData(target, parsed(schema, await read[target](c.req)))
      await next()
    },
    tell(target, schema),
  )
}

/** @throws {AppError} INVALID_REQUEST */
export function parsed<S extends v.GenericSchema>(schema: S, input: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, input)
  if (!result.success) throw new AppError('INVALID_REQUEST', reasons(result.issues))
  return result.output
}

const read: Record<Target, (request: HonoRequest) => unknown> = {
  json: readJson,
  form: async (request) => Object.fromEntries(await readForm(request)),
  param: (request) => request.param(),
  query: readQuery,
}

/** What any body can be refused for. */
export const bodyRefusals = ['INVALID_REQUEST', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const

function tell(target: Target, schema: v.GenericSchema<unknown, object>): Telling {
  if (target === 'json') return { body: { type: target, schema }, refusals: [...bodyRefusals, 'MALFORMED_JSON'] }
  if (target === 'form') return { body: { type: target, schema }, refusals: bodyRefusals }
  return { parameters: { in: target === 'param' ? 'path' : target, fields: schema }, refusals: ['INVALID_REQUEST'] }
}

/**
 * A parameter given once is a string, given twice an array; given blank it says nothing. Clients write arrays in three ways:
 * `a=1&a=2`, `a[]=1&a[]=2` (axios) and `a[0]=1&a[1]=2` (qs).
 */
function readQuery(request: HonoRequest): Record<string, string | string[]> {
  assertUtf8Escapes(request.url.split('?', 2)[1] ?? '')
  const said = new Map<string, string[]>()
  for (const [written, values] of Object.entries(request.queries())) {
    const name = written.replace(/\[\d*\]$/, '')
    said.set(name, [...(said.get(name) ?? []), ...values.filter((value) => value.trim() !== '')])
  }
  return Object.fromEntries([...said].flatMap(oneOrMany))
}

function oneOrMany([name, values]: [string, string[]]): [string, string | string[]][] {
  const [first] = values
  if (first === undefined) return []
  return [[name, values.length === 1 ? first : values]]
}
