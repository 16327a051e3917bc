/** Whether an answer is one that the document promises: its status, and the shape of its body. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import type { OpenApiDocument } from './document.ts'

const formats = {
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
  email: true,
  password: true,
  binary: true,
} as const

type Answer = { status: number; body: unknown }

/**
 * What is wrong with the answer to `method` on `path`; `undefined` when it is as promised, or when the document has no such
 * operation.
 */
export function answerCheck(document: OpenApiDocument) {
  const ajv = new Ajv2020({ formats, allErrors: false })
  ajv.addVocabulary(['components'])
  ajv.addSchema(closed({ components: document.components }) as object, 'document')
  const compiled = new Map<string, ValidateFunction>()

  return (method: string, path: string, { status, body }: Answer): string | undefined => {
    const template = documentedPath(document, method, path)
    if (template === undefined) return undefined
    const response = document.paths[template]?.[method.toLowerCase()]?.responses[status]
    if (response === undefined) return `${status} is not documented`
    const schema = response.content?.['application/json']?.schema
    if (schema === undefined) return body === '' ? undefined : 'a body is not documented'
    const key = `${method} ${template} ${status}`
    const check = compiled.get(key) ?? ajv.compile(closed(located(schema)) as object)
    compiled.set(key, check)
    return check(body) ? undefined : ajv.errorsText(check.errors)
  }
}

/** The operation that answers: `DELETE /api/follows/count` is `DELETE /api/follows/{followId}`. */
export function documentedPath({ paths }: OpenApiDocument, method: string, path: string): string | undefined {
  const isIt = (template: string) => new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path)
  return [path, ...Object.keys(paths).filter(isIt)].find((each) => paths[each]?.[method.toLowerCase()] !== undefined)
}

/** References as they are from outside of the document. */
function located(schema: unknown): unknown {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"document#/components'))
}

/** An answer has nothing that the document does not name. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const fields = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]))
  return 'properties' in fields && fields['type'] === 'object' ? { additionalProperties: false, ...fields } : fields
}
