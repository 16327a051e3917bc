import { afterAll, expect, test } from 'bun:test'
import fc from 'fast-check'
import { openTestApi } from '../testing.ts'
import { createDocument } from './document.ts'
import type { Operation } from './operation.ts'
import { documentedPath } from './testing-answers.ts'
import { type RandomRequest, randomRequests } from './testing-requests.ts'
import { sender } from './testing-sender.ts'
import { createWorld } from './testing-world.ts'

const numRuns = 10_000
const api = await openTestApi()
afterAll(() => api.close())
const document = createDocument(api.app)
const world = await createWorld(api)
const send = sender(api, world)
const succeeded = new Set<string>()

test(`${numRuns} random and hostile requests get answers that the document promises, and none is a fault of ours`, async () => {
  const property = fc.asyncProperty(randomRequests(document), async (request) => {
    const answer = await send(request)
    const wrong = problemOf(request, answer)
    if (wrong !== undefined) throw new Error(`${request.method} ${request.path}: ${wrong}`)
    const { path, method, operationId } = request
    if (answer.status < 300 && document.paths[path]?.[method.toLowerCase()] !== undefined) succeeded.add(operationId)
  })
  await fc.assert(property, { seed: 20_251_125, numRuns })
}, 600_000)

/** `socket` answers the event stream, and another server has to be there for what leads to it. */
function isTried({ operationId, responses }: Operation): boolean {
  return operationId !== 'subscribe' && responses['302'] === undefined
}

/** Random requests that are all refused at the door would prove little. */
test('every operation was among those that succeeded', () => {
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods))
  const ids = operations.filter(isTried).map(({ operationId }) => operationId)
  expect(ids.filter((id) => !succeeded.has(id))).toEqual([])
})

function problemOf({ path, method }: RandomRequest, answer: { status: number; body: unknown }): string | undefined {
  if (answer.status >= 500) return `a fault: ${answer.status} ${JSON.stringify(answer.body)}`
  // Sending has already held it against the document.
  if (documentedPath(document, method, path) !== undefined) return undefined
  if (method === 'OPTIONS') return answer.status === 204 ? undefined : `${answer.status} to OPTIONS`
  if (method === 'HEAD' && document.paths[path]?.['get'] !== undefined)
    return document.paths[path]['get'].responses[answer.status] === undefined ? `${answer.status} to HEAD` : undefined
  // CSRF comes first: to whoever fails there it is all the same which methods there are.
  return answer.status === 405 || answer.status === 403 ? undefined : `${answer.status} to another method`
}
