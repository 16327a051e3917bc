import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { errorBody } from '@mopl/contracts/errors'
import { eventually } from '@mopl/infrastructure/eventually'
import { freePort } from './ports.ts'
import { startGateway, type Gateway } from './testing-gateway.ts'

let gateway: Gateway
let url: string
beforeAll(async () => {
  gateway = await startGateway()
  url = gateway.url
})
afterAll(() => gateway.close())

describe('refusals', () => {
  test('a body over 6 MB is 413 in the error body of the contract', async () => {
    const response = await fetch(`${url}/api/contents`, { method: 'POST', body: new Uint8Array(6 * 1024 * 1024 + 1) })
    expect(response.status).toBe(413)
    expect(await response.json()).toEqual(errorBody('PAYLOAD_TOO_LARGE'))
  })

  test('a body of 5 MB passes', async () => {
    const response = await fetch(`${url}/api/contents`, { method: 'POST', body: new Uint8Array(5 * 1024 * 1024) })
    expect(response.status).toBe(200)
  })

  test('an api that is away is 503 with a time to come back', async () => {
    const away = await startGateway({ apiPorts: [await freePort()] })
    const response = await fetch(`${away.url}/api/contents`)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('5')
    expect(await response.json()).toEqual(errorBody('UNAVAILABLE'))
    await away.close()
  })

  test("an app's own refusal passes unchanged", async () => {
    const response = await fetch(`${url}/api/unavailable`)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('17')
    expect(await response.text()).toBe('mine')
  })

  test('a method that the placeholder page does not have is refused in the error body', async () => {
    const response = await fetch(`${url}/somewhere`, { method: 'POST' })
    expect(response.status).toBe(405)
    expect(await response.json()).toEqual(errorBody('METHOD_NOT_ALLOWED'))
  })
})

describe('the request id', () => {
  const requestIdOf = async (sent: string | undefined) => {
    const headers = sent === undefined ? {} : { 'x-request-id': sent }
    const response = await fetch(`${url}/api/request-id`, { headers })
    expect(response.headers.get('x-request-id')).toBe(await response.text())
    return response.headers.get('x-request-id')
  }

  test('is made by the gateway, and is the same upstream, in the answer and in the log', async () => {
    const id = await requestIdOf(undefined)
    expect(id).toMatch(/^[0-9a-f]{32}$/)
    // nginx writes the line once the answer is out.
    const logged = await eventually('it is logged', () => gateway.accessLog().find((line) => line['requestId'] === id))
    expect(logged).toMatchObject({ path: '/api/request-id', status: 200 })
  })

  test('of a caller is kept', async () => {
    expect(await requestIdOf('tour-1.a_B')).toBe('tour-1.a_B')
  })

  test.each(['a b', 'x'.repeat(65), '{"a":1}'])('of a caller is replaced when it is strange: %s', async (strange) => {
    expect(await requestIdOf(strange)).toMatch(/^[0-9a-f]{32}$/)
  })
})

test('what a client claims about its address is replaced', async () => {
  const response = await fetch(`${url}/api/forwarded-for`, { headers: { 'x-forwarded-for': '1.2.3.4' } })
  expect(await response.text()).toBe('127.0.0.1')
})

test('headers beyond the limit are refused with the error body', async () => {
  const answer = await fetch(`${gateway.url}/api/contents`, { headers: { 'x-large': 'a'.repeat(9_000) } })
  expect(answer.status).toBe(400)
  expect(await answer.json()).toMatchObject({ exceptionName: 'INVALID_REQUEST' })
})
