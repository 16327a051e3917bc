import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { errorBody } from '@mopl/contracts/errors'
import { nginxCommand, startNginx, type NginxOptions } from './nginx.ts'
import { freePort } from './ports.ts'
import type { RunningProcess } from './processes.ts'

const directory = mkdtempSync(join(tmpdir(), 'mopl-nginx-'))
const mediaDir = join(directory, 'media')
const upstreams = [upstream('api'), upstream('socket-1'), upstream('socket-2')] as const
const [api, ...sockets] = upstreams
let options: NginxOptions
let nginx: RunningProcess
let url: string

beforeAll(async () => {
  mkdirSync(mediaDir)
  writeFileSync(join(mediaDir, 'poster.png'), 'a picture')
  writeFileSync(join(mediaDir, '.secret'), 'not a picture')
  options = {
    directory: join(directory, 'nginx'),
    logDir: join(directory, 'log'),
    port: await freePort(),
    apiPorts: [portOf(api)],
    socketPorts: sockets.map(portOf),
    mediaDir,
  }
  nginx = await startNginx(options)
  url = `http://127.0.0.1:${options.port}`
})

afterAll(async () => {
  await nginx.stop()
  await Promise.all(upstreams.map((server) => server.stop(true)))
  rmSync(directory, { recursive: true })
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
    const away = await startNginxWith({ apiPorts: [await freePort()] })
    const response = await fetch(`http://127.0.0.1:${away.port}/api/contents`)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('5')
    expect(await response.json()).toEqual(errorBody('UNAVAILABLE'))
    await away.process.stop()
  })

  test("an app's own refusal passes unchanged", async () => {
    const response = await fetch(`${url}/api/unavailable`)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('17')
    expect(await response.text()).toBe('mine')
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
    expect(accessLog()).toContainEqual(expect.objectContaining({ requestId: id, path: '/api/request-id', status: 200 }))
  })

  test('of a caller is kept', async () => {
    expect(await requestIdOf('tour-1.a_B')).toBe('tour-1.a_B')
  })

  test.each(['a b', 'x'.repeat(65), '{"a":1}'])('of a caller is replaced when it is strange: %s', async (strange) => {
    expect(await requestIdOf(strange)).toMatch(/^[0-9a-f]{32}$/)
  })
})

test('the shipped files pass nginx -t', async () => {
  const output = Bun.file(join(directory, 'nginx-t.log'))
  const command = [...nginxCommand({ ...options, directory: join(directory, 'checked') }), '-t']
  const exitCode = await Bun.spawn(command, { stdout: output, stderr: output }).exited
  expect(await output.text()).toContain('test is successful')
  expect(exitCode).toBe(0)
})

test('a method that the placeholder page does not have is refused in the error body', async () => {
  const response = await fetch(`${url}/somewhere`, { method: 'POST' })
  expect(response.status).toBe(405)
  expect(await response.json()).toEqual(errorBody('METHOD_NOT_ALLOWED'))
})

test('what a client claims about its address is replaced', async () => {
  const response = await fetch(`${url}/api/forwarded-for`, { headers: { 'x-forwarded-for': '1.2.3.4' } })
  expect(await response.text()).toBe('127.0.0.1')
})

async function startNginxWith(change: Partial<NginxOptions>): Promise<{ process: RunningProcess; port: number }> {
  const port = await freePort()
  const other = join(directory, `nginx-${port}`)
  const process = await startNginx({ ...options, directory: other, logDir: other, port, ...change })
  return { process, port }
}

function accessLog(): unknown[] {
  const lines = readFileSync(nginx.logPath, 'utf8').trim().split('\n')
  return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as unknown)
}

function portOf(server: { port: number | undefined }): number {
  if (server.port === undefined) throw new Error('the server listens on no port')
  return server.port
}

function upstream(name: string) {
  return Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request, server) {
      if (server.upgrade(request)) return undefined
      const { pathname, search } = new URL(request.url)
      if (search === '?stream') return new Response(endless('data: first\n\n'))
      if (pathname === '/api/unavailable')
        return new Response('mine', { status: 503, headers: { 'retry-after': '17' } })
      if (pathname === '/api/request-id') return new Response(request.headers.get('x-request-id'))
      if (pathname === '/api/forwarded-for') return new Response(request.headers.get('x-forwarded-for'))
      return new Response(name)
    },
    websocket: { message: (socket, message) => void socket.send(message) },
  })
}

function endless(first: string): ReadableStream {
  return new ReadableStream({ start: (controller) => controller.enqueue(first) })
}
