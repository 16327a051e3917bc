/** Compares our document with another one of the same API, as seen by a client that was written against that one. */
import type { OpenApiDocument } from './document.ts'

type Json = { [key: string]: unknown }
type Schema = {
  $ref?: string
  type?: string
  format?: string
  enum?: string[]
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  anyOf?: Schema[]
  additionalProperties?: Schema
}
type Content = Record<string, { schema: Schema }>
type Operation = {
  operationId: string
  tags: string[]
  summary?: string
  parameters?: { name: string; in: string; required?: boolean; schema: Schema }[]
  requestBody?: { content: Content }
  responses: Record<string, { content?: Content }>
}
export type Document = { paths: Record<string, Record<string, Operation>>; components: { schemas: Json } }

/** How wide a number is in some language is no matter of JSON. */
const widths = new Set(['int32', 'int64', 'float', 'double'])

/** Everything in which `ours` is not what `theirs` says, one line each. What we have beyond it is no difference. */
export function differences(theirs: Document, ours: Document | OpenApiDocument): string[] {
  const found: string[] = []
  const our = ours as Document

  for (const [path, operations] of Object.entries(theirs.paths))
    for (const [method, operation] of Object.entries(operations))
      compareOperation(`${method.toUpperCase()} ${path}`, operation, our.paths[path]?.[method])
  return [...new Set(found)]

  function compareOperation(where: string, a: Operation, b: Operation | undefined): void {
    if (b === undefined) return void found.push(`${where}: is missing`)
    compare(`${where} operationId`, a.operationId, b.operationId)
    compare(`${where} tags`, a.tags, b.tags)
    if (a.summary !== undefined) compare(`${where} summary`, a.summary, b.summary)
    for (const parameter of a.parameters ?? []) {
      const same = b.parameters?.find(({ name, in: place }) => name === parameter.name && place === parameter.in)
      const name = `${where} ${parameter.in} ${parameter.name}`
      if (same === undefined) found.push(`${name}: is missing`)
      else {
        compare(`${name} required`, parameter.required ?? false, same.required ?? false)
        compareSchema(name, parameter.schema, same.schema)
      }
    }
    for (const { name, in: place, required } of b.parameters ?? [])
      if (required === true && !a.parameters?.some((theirs) => theirs.name === name && theirs.in === place))
        found.push(`${where} ${place} ${name}: is required here alone`)
    compareContent(`${where} request`, a.requestBody?.content, b.requestBody?.content)
    compareAnswers(where, a.responses, b.responses)
  }

  /** They list several successes where there is one: ours is to be among them. */
  function compareAnswers(where: string, a: Operation['responses'], b: Operation['responses']): void {
    for (const status of Object.keys(a))
      if (!status.startsWith('2') && b[status] === undefined) found.push(`${where} ${status}: is missing`)
    for (const status of Object.keys(b).filter((status) => status.startsWith('2'))) {
      if (a[status] === undefined) found.push(`${where} ${status}: is here alone`)
      compareContent(`${where} ${status}`, a[status]?.content, b[status]?.content)
    }
  }

  /** They say "any type" where there is JSON. */
  function compareContent(where: string, a: Content | undefined, b: Content | undefined): void {
    for (const [type, { schema }] of Object.entries(a ?? {})) {
      const same = b?.[type === '*/*' ? 'application/json' : type]
      if (same === undefined) found.push(`${where}: is no ${type}`)
      else compareSchema(where, schema, same.schema)
    }
    if (a === undefined && b !== undefined) found.push(`${where}: has a body here alone`)
  }

  function compareSchema(where: string, theirSchema: Schema, ourSchema: Schema): void {
    const [a, nameOfA] = resolved(theirs, theirSchema)
    const [b] = resolved(our, ourSchema)
    const at = nameOfA ?? where
    const [value, nothing] = b.anyOf ?? []
    if (value !== undefined && nothing?.type === 'null') {
      found.push(`${where}: may be null`)
      return compareSchema(where, theirSchema, value)
    }
    compare(`${at} type`, a.type, b.type)
    if (a.format !== undefined && !widths.has(a.format)) compare(`${at} format`, a.format, b.format)
    compare(`${at} enum`, a.enum?.toSorted(), b.enum?.toSorted())
    if (a.items !== undefined && b.items !== undefined) compareSchema(`${at}[]`, a.items, b.items)
    if (a.additionalProperties !== undefined && b.additionalProperties !== undefined)
      compareSchema(`${at}{}`, a.additionalProperties, b.additionalProperties)
    for (const [name, property] of Object.entries(a.properties ?? {})) {
      const same = b.properties?.[name]
      if (same === undefined) found.push(`${at}.${name}: is missing`)
      else compareSchema(`${at}.${name}`, property, same)
    }
    for (const name of a.required ?? [])
      if (b.required?.includes(name) !== true) found.push(`${at}.${name}: is required there alone`)
    for (const name of b.required ?? [])
      if (a.required?.includes(name) !== true) found.push(`${at}.${name}: is required here alone`)
  }

  function compare(what: string, a: unknown, b: unknown): void {
    if (!Bun.deepEquals(a, b)) found.push(`${what}: ${JSON.stringify(a)} there, ${JSON.stringify(b)} here`)
  }
}

function resolved(document: Document, schema: Schema): [Schema, string | undefined] {
  const name = schema.$ref?.split('/').at(-1)
  if (name === undefined) return [schema, undefined]
  return [document.components.schemas[name] as Schema, name]
}
