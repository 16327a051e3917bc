/** One operation of the document, from what the layers of its route tell. */
import { type ErrorCode, errorStatus } from '@mopl/contracts/errors'
import type { Telling } from '../http/describe.ts'
import { isSafe } from '../http/methods.ts'
import type { JsonSchema } from '@valibot/to-json-schema'
import { answerSchema, exampleOf, fieldsSchema, requestSchema } from './json-schema.ts'

export type Media = { schema: JsonSchema; example?: unknown; examples?: Record<string, unknown>; encoding?: unknown }
export type Content = Record<string, Media>
export type Parameter = { name: string; in: string; required: boolean; description?: string; schema: JsonSchema }
export type Operation = {
  operationId: string
  tags: string[]
  summary: string
  description?: string
  parameters?: Parameter[]
  requestBody?: { required: true; content: Content }
  responses: Record<string, { description: string; headers?: Record<string, unknown>; content?: Content }>
  security: Record<string, string[]>[]
}

/** `undefined` when no layer says which operation it is. */
export function operationFrom(method: string, tellings: readonly Telling[]): Operation | undefined {
  const operation = tellings.find((telling) => telling.operation !== undefined)?.operation
  if (operation === undefined) return undefined
  const { id, tag, summary, description } = operation
  const parameters = tellings.flatMap((telling) => (telling.parameters ? parametersFrom(telling.parameters) : []))
  const body = tellings.find((telling) => telling.body !== undefined)?.body
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && { requestBody: { required: true, content: bodyContent(body) } }),
    responses: {
      ...Object.fromEntries(tellings.flatMap(({ answer }) => (answer ? [answerFrom(answer)] : []))),
      ...refusalsFrom(tellings.flatMap(({ refusals }) => refusals ?? [])),
    },
    security: securityOf(
      method,
      tellings.some(({ needs }) => needs === 'bearer'),
    ),
  }
}

function parametersFrom({ in: place, fields }: NonNullable<Telling['parameters']>): Parameter[] {
  const { properties = {}, required = [] } = fieldsSchema(fields)
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...schema } = repeated(asObject(property))
    const parameter: Parameter = { name, in: place, required: required.includes(name), schema }
    if (description !== undefined) parameter.description = description
    return parameter
  })
}

/** "One or many" of a query string (`http/validate.ts`) is an array to whoever writes one. */
function repeated(schema: JsonSchema): JsonSchema {
  const many = asObject(schema.anyOf?.[1])
  return many.type === 'array' ? many : schema
}

/** JSON Schema also has `true` for a schema that asks nothing. */
function asObject(schema: JsonSchema | boolean | undefined): JsonSchema {
  return typeof schema === 'object' ? schema : {}
}

function bodyContent(body: NonNullable<Telling['body']>): Content {
  const schema = requestSchema(body.schema)
  const example = exampleOf(body.schema)
  if (body.type === 'json') return { 'application/json': { schema, ...example } }
  if (body.type === 'form') return { 'application/x-www-form-urlencoded': { schema, ...example } }
  const parts: JsonSchema = {
    type: 'object',
    properties: { request: schema, [body.picture]: { type: 'string', format: 'binary' } },
    required: ['request'],
  }
  const encoding = { request: { contentType: 'application/json' }, [body.picture]: { contentType: 'image/*' } }
  return {
    'multipart/form-data': { schema: parts, example: { request: example.example }, encoding },
    'application/json': { schema, ...example },
  }
}

function answerFrom({ status, schema, type = 'application/json' }: NonNullable<Telling['answer']>) {
  const content = schema && { [type]: { schema: answerSchema(schema), ...exampleOf(schema) } }
  const location = status === 302 && { headers: { Location: { $ref: '#/components/headers/Location' } } }
  return [status, { description: '성공', ...location, ...(content !== undefined && { content }) }] as const
}

/** One answer per status, with an example for each code that has it. */
function refusalsFrom(codes: readonly ErrorCode[]): Operation['responses'] {
  const all = [...new Set(codes)]
  const statuses = [...new Set(all.map(errorStatus))]
  const ofStatus = (status: number) => all.filter((code) => errorStatus(code) === status)
  return Object.fromEntries(statuses.map((status) => [status, refusal(status, ofStatus(status))]))
}

function refusal(status: number, codes: readonly ErrorCode[]) {
  const examples = Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]))
  const header = status === 401 ? 'WWW-Authenticate' : status === 429 || status > 500 ? 'Retry-After' : undefined
  return {
    description: meanings[status] ?? '오류',
    ...(header !== undefined && { headers: { [header]: { $ref: `#/components/headers/${header}` } } }),
    content: { 'application/json': { schema: { $ref: '#/components/schemas/ErrorResponse' }, examples } },
  }
}

const meanings: Record<number, string> = {
  400: '잘못된 요청',
  401: '인증 오류',
  403: '권한 오류',
  404: '해당 리소스 없음',
  409: '현재 상태와 충돌',
  413: '너무 큰 본문',
  415: '지원하지 않는 형식',
  429: '너무 많은 요청',
  500: '서버 오류',
  503: '일시적으로 이용할 수 없음',
  504: '시간 초과',
}

/** The alternatives: a browser, which sends our cookies, needs the CSRF token beside whatever else; others do not. */
function securityOf(method: string, needsBearer: boolean): Operation['security'] {
  const who = needsBearer ? { bearerAuth: [] } : {}
  if (isSafe(method)) return needsBearer ? [who] : []
  return [who, { ...who, csrfToken: [] }]
}
