/**
 * What the OpenAPI document says about a route. Every layer tells its own part of it (`telling`): the validator its schema
 * and its 400, authentication its 401. So the document is made of what runs, and cannot say otherwise.
 */
import type { ErrorCode } from '@mopl/contracts/errors'
import type { MiddlewareHandler } from 'hono'
import type * as v from 'valibot'
import type { Env } from './env.ts'

type Fields = v.GenericSchema<unknown, object>

export type Telling = {
  operation?: { id: string; tag: string; summary: string; description?: string }
  /** Path parameters, query parameters, headers and cookies, as the fields of an object. */
  parameters?: { in: 'path' | 'query' | 'header' | 'cookie'; fields: Fields }
  /** `picture` is the name of the part with a picture beside a JSON part `request`. */
  body?:
    | { type: 'json'; schema: Fields }
    | { type: 'form'; schema: Fields }
    | { type: 'parts'; schema: Fields; picture: string }
  /** An answer without a schema has no body; one without a `type` is JSON. */
  answer?: { status: 200 | 201 | 204 | 302; schema?: v.GenericSchema; type?: string }
  refusals?: readonly ErrorCode[]
  needs?: 'bearer'
}

const told = Symbol('told')

/** `layer`, which from now on tells the document `telling`. */
export function telling<L extends object>(layer: L, telling: Telling): L {
  return Object.assign(layer, { [told]: telling })
}

/** What a layer of a route tells, if anything. */
export function toldBy(layer: object): Telling | undefined {
  return (layer as { [told]?: Telling })[told]
}

/** A feature's `describe`: the first layer of each of its routes, which says what the others cannot know. */
export function describing(tag: string) {
  return (id: string, summary: string, ...parts: Part[]): MiddlewareHandler<Env> => {
    const { description, ...rest }: Part = Object.assign({}, ...parts)
    const operation = { id, tag, summary, ...(description !== undefined && { description }) }
    return telling<MiddlewareHandler<Env>>((_c, next) => next(), { operation, ...rest })
  }
}

type Part = { description?: string } & Pick<Telling, 'answer' | 'refusals' | 'parameters'>

/** The answer when all is well. */
export function returns(status: 200 | 201 | 204 | 302, schema?: v.GenericSchema): Part {
  return { answer: { status, ...(schema !== undefined && { schema }) } }
}

/** What the verb behind the route throws, beyond what the layers before it do. */
export function refuses(...refusals: ErrorCode[]): Part {
  return { refusals }
}

export function explained(description: string): Part {
  return { description }
}

/** A header or a cookie that the handler itself reads. */
export function reads(place: 'header' | 'cookie', fields: Fields): Part {
  return { parameters: { in: place, fields } }
}
