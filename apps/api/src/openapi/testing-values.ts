/** Values for a JSON Schema, and values for nothing. */
import type { JsonSchema } from '@valibot/to-json-schema'
import fc from 'fast-check'

/** Stands for the id, e-mail or password of something that exists: the `index`th of those there are by then. */
export class Existing {
  readonly name: string
  readonly index: number

  constructor(name: string, index: number) {
    this.name = name
    this.index = index
  }
}

type Schemas = Record<string, JsonSchema>

/** What the schema asks for. `name` is that of the field, which says whose id an id is. */
export function valid(schema: JsonSchema, schemas: Schemas, name = ''): fc.Arbitrary<unknown> {
  const { $ref, enum: options, items, anyOf, properties, required = [] } = schema
  if ($ref !== undefined) return valid(schemas[$ref.split('/').at(-1) ?? ''] ?? {}, schemas, name)
  if (options !== undefined) return fc.constantFrom(...options)
  if (anyOf !== undefined) return fc.oneof(...anyOf.map((each) => valid(asObject(each), schemas, name)))
  const { type, minimum: min = 0, maximum: max = 1_000 } = schema
  if (type === 'array') return fc.array(valid(asObject(items), schemas, name), { maxLength: 3 })
  if (type === 'integer') return fc.integer({ min, max })
  if (type === 'number') return fc.double({ min, max, noNaN: true })
  if (type === 'boolean') return fc.boolean()
  if (type !== 'object') return text(schema, name)
  const fields = Object.entries(properties ?? {}).map(([key, each]) => [key, valid(asObject(each), schemas, key)])
  return fc.record<Record<string, unknown>>(Object.fromEntries(fields), { requiredKeys: required })
}

function text({ format, minLength = 0, maxLength = 60 }: JsonSchema, name: string): fc.Arbitrary<unknown> {
  if (format === 'uuid') return fc.oneof({ weight: 8, arbitrary: existing(name) }, fc.uuid())
  if (format === 'email')
    return fc.oneof(
      existing(name),
      fc.nat().map((number) => `random${number}@mopl.test`),
    )
  if (name === 'username' || name === 'password') return existing(name)
  if (name === 'cursor')
    return fc.oneof(
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      fc.integer().map(String),
    )
  return fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, 60) })
}

function existing(name: string): fc.Arbitrary<Existing> {
  return fc.nat({ max: 20 }).map((index) => new Existing(name, index))
}

const strange: unknown[][] = [
  [null, true, '', ' ', '\0', 'a\0b', '\ud800', '\u202e\ufeff', '👩‍👩‍👧‍👦'.repeat(40), 'ﷺ'.repeat(5_000)],
  [-1, -0, 0.1 + 0.2, 5.000001, 1e308, -1e308, 2 ** 31, 2 ** 53 + 2, 1e-320],
  ['NaN', '1e309', '99999999999999999999', '0x10', '-1', '1.5', '+1', '１'],
  ["' or 1=1 --", '%', '%%%', '_', '\\', String.raw`\u0000`, '${jndi:ldap://x}', '<script>', '../../etc/passwd'],
  ['0000-00-00T00:00:00.000Z', '9999-12-31T23:59:59.999Z', '2025-02-30T00:00:00.000Z', 'infinity', 'now'],
  ['00000000-0000-0000-0000-000000000000', 'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF', '{}', '[]', 'null', 'true'],
  [[], {}, [[[[]]]], { toString: 1 }, { length: 3 }, { $ne: null }],
]

/** Whatever was never asked for. */
export const hostile: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(...strange.flat()),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.jsonValue({ maxDepth: 3 }),
  fc.bigInt().map(String),
)

/** An object as asked for, but for what is wrong with it. */
export function nearly(schema: JsonSchema, schemas: Schemas): fc.Arbitrary<unknown> {
  const flaw = fc.tuple(fc.nat({ max: 9 }), fc.option(hostile, { nil: undefined }))
  const stranger = fc.constantFrom('role', 'id', 'locked', '__proto__', 'constructor', '')
  return fc
    .tuple(valid(schema, schemas), fc.option(flaw), fc.option(fc.tuple(stranger, hostile), { freq: 6 }))
    .map(([value, flaw, extra]) => {
      const fields = Object.entries(value as object)
      if (flaw !== null && fields.length > 0) {
        const [place, wrong] = flaw
        const field = fields[place % fields.length]
        if (field !== undefined) field[1] = wrong
      }
      return Object.fromEntries(extra === null ? fields : [...fields, extra])
    })
}

export function asObject(schema: unknown): JsonSchema {
  return typeof schema === 'object' && schema !== null && !Array.isArray(schema) ? schema : {}
}
