/** Random requests for the operations of our own document: most nearly right, since what is all wrong does not get far. */
import fc from 'fast-check'
import type { OpenApiDocument } from './document.ts'
import type { Content, Parameter } from './operation.ts'
import { asObject, hostile, nearly, valid } from './testing-values.ts'

export type RandomBody = { type: string | undefined; value: unknown; raw: boolean; picture?: Picture }
export type Picture = 'none' | 'png' | 'garbage' | 'empty' | 'text' | 'twice'
export type RandomRequest = {
  path: string
  /** As documented for the path, or another. */
  method: string
  operationId: string
  parameters: { in: string; name: string; value: unknown }[]
  body: RandomBody | undefined
  who: 'nobody' | 'user' | 'admin' | 'stranger'
  cookies: 'none' | 'csrf' | 'csrf without header' | 'refresh' | 'garbage'
  headers: [string, string][]
}

const headerText = fc.string({ unit: fc.integer({ min: 0x21, max: 0xff }).map((code) => String.fromCharCode(code)) })

/** Of each operation about as many. */
export function randomRequests({ paths, components }: OpenApiDocument): fc.Arbitrary<RandomRequest> {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  )
  const others = fc.constantFrom('PUT', 'DELETE', 'POST', 'PATCH', 'GET', 'HEAD', 'OPTIONS', 'PROPFIND')
  return fc.constantFrom(...operations.filter(({ path }) => path !== '/api/sse')).chain(({ path, method, operation }) =>
    fc.record({
      path: fc.constant(path),
      operationId: fc.constant(operation.operationId),
      method: mostly(fc.constant(method), others, 20),
      parameters: fc.tuple(...(operation.parameters ?? []).map(parameter)).map((all) => all.flat()),
      body: bodyOf(operation.requestBody?.content, components.schemas),
      who: fc.oneof(
        {
          weight: 6,
          arbitrary: fc.constant(operation.summary.startsWith('[어드민]') ? ('admin' as const) : ('user' as const)),
        },
        fc.constantFrom('nobody', 'user', 'admin', 'stranger'),
      ),
      cookies:
        operation.operationId === 'reissueToken'
          ? mostly(fc.constant('refresh'), cookies, 3)
          : mostly(fc.constant('none'), cookies, 5),
      headers: mostly(fc.constant<[string, string][]>([]), fc.array(header, { minLength: 1, maxLength: 3 }), 6),
    }),
  )

  function parameter({ in: place, name, required, schema }: Parameter) {
    const right = valid(schema, components.schemas, name)
    const one = mostly(right, hostile, 15).map((value) => [{ in: place, name, value }])
    if (place === 'path') return one
    const twice = fc.tuple(one, one).map((both) => both.flat())
    const [absent, once] = required ? [1, 40] : [8, 3]
    return fc.oneof(
      { weight: absent, arbitrary: fc.constant([]) },
      { weight: once, arbitrary: one },
      { weight: 1, arbitrary: twice },
    )
  }
}

const cookies = fc.constantFrom(
  'none' as const,
  'csrf' as const,
  'csrf without header' as const,
  'refresh' as const,
  'garbage' as const,
)

const header: fc.Arbitrary<[string, string]> = fc.oneof(
  fc.tuple(fc.constant('idempotency-key'), fc.oneof(fc.constantFrom('one', 'two', 'x'.repeat(300)), headerText)),
  fc.tuple(
    fc.constantFrom('authorization', 'x-request-id', 'origin', 'accept', 'x-forwarded-for', 'if-none-match', 'range'),
    headerText,
  ),
  fc.tuple(fc.constant('content-length'), fc.constantFrom('-1', '99999999999', 'NaN')),
)

function mostly<A, B>(usual: fc.Arbitrary<A>, other: fc.Arbitrary<B>, onceIn: number): fc.Arbitrary<A | B> {
  return fc.oneof({ weight: onceIn - 1, arbitrary: usual }, { weight: 1, arbitrary: other })
}

function bodyOf(content: Content | undefined, schemas: OpenApiDocument['components']['schemas']) {
  const raw = fc.record<RandomBody>({
    type: fc.constantFrom(
      'application/json',
      'multipart/form-data',
      'application/x-www-form-urlencoded',
      'text/plain',
      undefined,
    ),
    value: fc.oneof(fc.constantFrom(...texts), fc.string({ unit: 'binary' }), fc.json()),
    raw: fc.constant(true),
  })
  const nothing = fc.constant(undefined)
  if (content === undefined) return fc.oneof({ weight: 20, arbitrary: nothing }, raw)
  const asDocumented = Object.entries(content).map(([type, { schema }]) => {
    const request = type === 'multipart/form-data' ? asObject(schema.properties?.['request']) : schema
    return fc.record<RandomBody>({
      type: fc.constant(type),
      value: fc.oneof({ weight: 2, arbitrary: valid(request, schemas) }, nearly(request, schemas)),
      raw: fc.constant(false),
      picture: fc.constantFrom('none', 'png', 'garbage', 'empty', 'text', 'twice'),
    })
  })
  return fc.oneof({ weight: 12, arbitrary: fc.oneof(...asDocumented) }, raw, nothing)
}

/** JSON that is none, and JSON that is one too many. */
const texts = [
  ['', '{', 'null', '5', '"text"', '[]', '{}', '['.repeat(30_000), '{"a":1,"a":2}', '{"rating":1e400}'],
  ['{"title":"a","title":"b","description":"c"}', '{"text":"\\u0000"}', '{"__proto__":{"role":"ADMIN"}}', '\ufeff{}'],
  ['%', 'username=%00&password=%ff', 'username=a&username=b', '--x\r\n', `"${'x'.repeat(70_000)}"`],
].flat()
