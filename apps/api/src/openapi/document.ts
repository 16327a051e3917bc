/** The OpenAPI 3.1 document (spec.openapis.org/oas/v3.1), made from the app's own routes. */
import { type ErrorCode, errorBody, errors } from '@mopl/contracts/errors'
import type { Hono } from 'hono'
import { METHOD_NAME_ALL } from 'hono/router'
import type { Env } from '../http/env.ts'
import { type Telling, toldBy } from '../http/describe.ts'
import { isSafe } from '../http/methods.ts'
import { eventStream } from './event-stream.ts'
import type { JsonSchema } from '@valibot/to-json-schema'
import { componentSchemas } from './json-schema.ts'
import { type Operation, operationFrom } from './operation.ts'

export type OpenApiDocument = {
  openapi: string
  info: { title: string; description: string; version: string }
  servers: { url: string; description: string }[]
  tags: { name: string }[]
  paths: Record<string, Record<string, Operation>>
  components: {
    schemas: Record<string, JsonSchema>
    examples: Record<string, unknown>
    headers: Record<string, unknown>
    securitySchemes: Record<string, unknown>
  }
}

/** What any operation can answer, and what any can that changes something (`http/csrf.ts`). */
const everywhere: ErrorCode[] = ['INTERNAL', 'UNAVAILABLE', 'TIMEOUT']
const whereUnsafe: ErrorCode[] = ['CSRF_MISMATCH']

/** Of all routes that are mounted by now and describe themselves. */
export function createDocument(app: Hono<Env>): OpenApiDocument {
  const paths: OpenApiDocument['paths'] = {}
  const tags = new Set<string>()
  for (const { method, path, tellings } of [...routesOf(app), eventStream]) {
    const refusals = [...(isSafe(method) ? [] : whereUnsafe), ...everywhere]
    const operation = operationFrom(method, [...tellings, { refusals }])
    if (operation === undefined) continue
    for (const tag of operation.tags) tags.add(tag)
    const operations = (paths[templateOf(path)] ??= {})
    operations[method.toLowerCase()] = operation
  }
  return {
    openapi: '3.1.0',
    info: { title: '모두의 플리 API 문서', description: '모두의 플리 프로젝트의 API 문서입니다.', version: '1.0' },
    servers: [{ url: '/', description: '이 문서를 제공하는 서버' }],
    tags: [...tags].map((name) => ({ name })),
    paths,
    components: { schemas: componentSchemas(), examples: errorExamples(), headers, securitySchemes },
  }
}

/** A route of several layers is listed by Hono once per layer. */
function routesOf(app: Hono<Env>) {
  const routes = new Map<string, { method: string; path: string; tellings: Telling[] }>()
  for (const { method, path, handler } of app.routes) {
    if (method === METHOD_NAME_ALL) continue
    const key = `${method} ${path}`
    const route = routes.get(key) ?? { method, path, tellings: [] }
    routes.set(key, route)
    const telling = toldBy(handler)
    if (telling !== undefined) route.tellings.push(telling)
  }
  return routes.values()
}

/** `/api/users/:userId` as OpenAPI writes it. */
export function templateOf(path: string): string {
  return path.replaceAll(/:(\w+)(\{[^/]*\})?/g, '{$1}')
}

function errorExamples(): Record<string, unknown> {
  const codes = Object.keys(errors) as ErrorCode[]
  return Object.fromEntries(codes.map((code) => [code, { summary: errors[code][1], value: errorBody(code) }]))
}

const headers = {
  Location: { description: '이동할 주소', schema: { type: 'string', format: 'uri-reference' } },
  'Retry-After': { description: '다시 시도할 수 있을 때까지의 시간(초)', schema: { type: 'integer', minimum: 0 } },
  'WWW-Authenticate': { description: '필요한 인증 방식', schema: { type: 'string', examples: ['Bearer'] } },
}

const securitySchemes = {
  bearerAuth: { type: 'http', description: 'JWT 액세스 토큰을 입력하세요', scheme: 'bearer', bearerFormat: 'JWT' },
  csrfToken: {
    type: 'apiKey',
    description:
      'CSRF 토큰을 입력하세요. GET /api/auth/csrf-token 호출 후 XSRF-TOKEN 쿠키 값을 사용하세요. 쿠키를 보내는 변경 요청에만 필요합니다.',
    name: 'X-XSRF-TOKEN',
    in: 'header',
  },
}
