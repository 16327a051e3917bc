import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { errorBody } from '@mopl/contracts/errors'
import { nginxCommand } from './nginx.ts'
import { startGateway, type Gateway } from './testing-gateway.ts'

let gateway: Gateway
let url: string
beforeAll(async () => {
  gateway = await startGateway()
  url = gateway.url
})
afterAll(() => gateway.close())

test('the shipped files pass nginx -t', async () => {
  const output = Bun.file(join(gateway.options.directory, 'nginx-t.log'))
  const command = [...nginxCommand({ ...gateway.options, directory: join(gateway.options.directory, 'checked') }), '-t']
  const exitCode = await Bun.spawn(command, { stdout: output, stderr: output }).exited
  expect(await output.text()).toContain('test is successful')
  expect(exitCode).toBe(0)
})

describe('routing', () => {
  test.each([
    ['/api/contents', 'api'],
    ['/api', 'api'],
    ['/api/sse-like', 'api'],
    ['/oauth2/authorization/google', 'api'],
    ['/login/oauth2/code/kakao', 'api'],
    ['/api/sse', 'socket'],
    ['/ws', 'socket'],
    ['/ws/info', 'socket'],
    ['/ws/123/session/xhr', 'socket'],
  ])('%s goes to %s', async (path, name) => {
    expect(await (await fetch(url + path)).text()).toStartWith(name)
  })

  test.each(['/', '/contents/1', '/wsx', '/apidocs'])('%s shows the placeholder page', async (path) => {
    const response = await fetch(url + path)
    expect(response.headers.get('content-type')).toStartWith('text/html')
    expect(await response.text()).toContain('모플')
  })

  test.each(['/actuator', '/actuator/prometheus', '/actuator/health/readiness', '/api/../actuator/prometheus'])(
    '%s is not there from outside',
    async (path) => {
      const response = await fetch(url + path)
      expect(response.status).toBe(404)
      expect(await response.json()).toEqual(errorBody('ROUTE_NOT_FOUND'))
    },
  )

  test('all requests of one SockJS session meet on one instance, and sessions spread over instances', async () => {
    const instancesOf = async (session: string) => {
      const answers = ['xhr', 'xhr_send', 'xhr'].map(async (transport, server) =>
        (await fetch(`${url}/ws/${server}/${session}/${transport}`)).text(),
      )
      return [...new Set(await Promise.all(answers))]
    }
    const sessions = await Promise.all(Array.from({ length: 20 }, (_, index) => instancesOf(`session${index}`)))
    expect(sessions.every((instances) => instances.length === 1)).toBe(true)
    expect(new Set(sessions.map(([instance]) => instance)).size).toBe(2)
  })
})

describe('streams', () => {
  test('a WebSocket upgrade passes, and its messages with it', async () => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/0/abc/websocket`)
    const echo = new Promise((resolve, reject) => {
      socket.addEventListener('open', () => socket.send('hello'))
      socket.addEventListener('message', ({ data }) => resolve(data))
      socket.addEventListener('error', reject)
    })
    expect(await echo).toBe('hello')
    socket.close()
  })

  test('an event arrives while the stream is still open', async () => {
    const abort = new AbortController()
    const response = await fetch(`${url}/api/sse?stream`, { signal: abort.signal })
    const first = await response.body?.getReader().read()
    expect(new TextDecoder().decode(first?.value)).toBe('data: first\n\n')
    abort.abort()
  })
})

describe('pictures', () => {
  test('are cached for ever and never sniffed', async () => {
    const response = await fetch(`${url}/media/poster.png`)
    expect(await response.text()).toBe('a picture')
    expect(response.headers.get('content-type')).toBe('image/png')
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  })

  test('that are not in the folder come from the bucket, by the api, with the same headers', async () => {
    const response = await fetch(`${url}/media/ab/kept.webp`)
    expect(await response.text()).toBe('kept in a bucket')
    expect(response.headers.get('content-type')).toBe('image/webp')
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(response.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox")
  })

  test.each([
    ['/media/absent.png', 404, 'ROUTE_NOT_FOUND'],
    ['/media/.secret', 404, 'ROUTE_NOT_FOUND'],
    ['/media/..%2f..%2fetc/passwd', 400, 'INVALID_REQUEST'],
  ] as const)('%s is refused with %i', async (path, status, code) => {
    const response = await fetch(url + path)
    expect(response.status).toBe(status)
    expect(response.headers.get('cache-control')).toBeNull()
    expect(await response.json()).toEqual(errorBody(code))
  })
})
