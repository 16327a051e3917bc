/** valibot's schemas as JSON Schema 2020-12, which is what OpenAPI 3.1 speaks. */
import { type JsonSchema, toJsonSchema, toJsonSchemaDefs } from '@valibot/to-json-schema'
import type * as v from 'valibot'
import { answers } from './answers.ts'
import { requests } from './requests.ts'

type Named = Record<string, { schema: v.GenericSchema; example: unknown }>

/**
 * Rules that JSON Schema cannot say. Where a part of one can be said, `v.metadata` beside it does. A rule that is neither
 * known nor listed here throws, so that none is dropped unseen.
 */
const ignoreActions = ['check', 'trim', 'to_lower_case']

/** The fields of parameters: a schema that is named as somebody's body is not that here. */
export function fieldsSchema(schema: v.GenericSchema): JsonSchema {
  return convert(schema, {}, 'input')
}

/** What may be sent: before any transformation. */
export function requestSchema(schema: v.GenericSchema): JsonSchema {
  return convert(schema, requests, 'input')
}

export function answerSchema(schema: v.GenericSchema): JsonSchema {
  return convert(schema, answers, 'output')
}

/** The example of a schema that has a name, or may also be `null`. */
export function exampleOf(schema: v.GenericSchema): { example?: unknown } {
  if (isNullable(schema)) return exampleOf(schema.wrapped)
  const named = [...Object.values<Named[string]>(requests), ...Object.values<Named[string]>(answers)]
  const found = named.find((each) => each.schema === schema)
  return found === undefined ? {} : { example: found.example }
}

function isNullable(schema: v.GenericSchema): schema is v.NullableSchema<v.GenericSchema, undefined> {
  return schema.type === 'nullable'
}

/** All named schemas. */
export function componentSchemas(): Record<string, JsonSchema> {
  return {
    ...toJsonSchemaDefs(schemasOf(requests), config(requests, 'input')),
    ...toJsonSchemaDefs(schemasOf(answers), config(answers, 'output')),
  }
}

function convert(schema: v.GenericSchema, named: Named, typeMode: 'input' | 'output'): JsonSchema {
  const { $schema: _dialect, $defs: _named, ...rest } = toJsonSchema(schema, config(named, typeMode))
  return rest
}

function config(named: Named, typeMode: 'input' | 'output') {
  return {
    typeMode,
    target: 'draft-2020-12' as const,
    ignoreActions,
    definitions: schemasOf(named),
    overrideRef: ({ referenceId }: { referenceId: string }) => `#/components/schemas/${referenceId}`,
  }
}

function schemasOf(named: Named): Record<string, v.GenericSchema> {
  return Object.fromEntries(Object.entries(named).map(([name, { schema }]) => [name, schema]))
}
