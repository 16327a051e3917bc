import { describe, expect, test } from 'bun:test'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import { createApp } from '../app.ts'
import type { Deps } from '../deps.ts'
import { answers } from './answers.ts'
import { createDocument, templateOf } from './document.ts'
import { requests } from './requests.ts'

const app = createApp({} as Deps)
const document = createDocument(app)
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })),
)

/** Routes that show the document, and so are not in it. */
const itself = /^GET \/api\/(openapi\.json|docs)/

test('every route of the app is in the document', () => {
  const routes = app.routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => `${method} ${templateOf(path)}`)
    .filter((route) => !itself.test(route))
  expect(operations.map(({ name }) => name)).toEqual(expect.arrayContaining([...new Set(routes)]))
})

test('the document is the committed one: after a change run `bun run openapi > apps/api/openapi.json` and review it', async () => {
  const snapshot = Bun.file(fileURLToPath(new URL('../../openapi.json', import.meta.url)))
  expect(JSON.parse(JSON.stringify(document))).toEqual(await snapshot.json())
})

test('no two operations share an id', () => {
  const ids = operations.map(({ operation }) => operation.operationId)
  expect(ids).toEqual([...new Set(ids)])
})

test('every reference leads somewhere', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g)]
  expect(references.length).toBeGreaterThan(500)
  for (const [, kind = '', name = ''] of references)
    expect(document.components[kind as 'schemas' | 'examples' | 'headers']).toHaveProperty([name])
})

describe.each(operations)('$name', ({ operation }) => {
  const media = Object.values(operation.requestBody?.content ?? {})

  test('has a summary, and an example of what is sent and of every answer with a body', () => {
    expect(operation.summary).not.toBe('')
    for (const each of media) expect(each.example).toBeDefined()
    for (const answer of Object.values(operation.responses))
      for (const { schema, example, examples } of Object.values(answer.content ?? {}))
        expect(example ?? examples ?? schema.examples).toBeDefined()
  })

  test('lists its errors, each in the public error body', () => {
    for (const status of ['500', '503', '504']) expect(operation.responses).toHaveProperty(status)
    for (const [status, { content }] of Object.entries(operation.responses))
      if (Number(status) >= 400)
        expect(content?.['application/json']?.schema).toEqual({ $ref: '#/components/schemas/ErrorResponse' })
  })
})

test('every example is accepted by the schema that validates', () => {
  const named = { ...requests, ...answers }
  for (const [name, { schema, example }] of Object.entries(named))
    expect([name, v.safeParse(schema, example).issues]).toEqual([name, undefined])
})
