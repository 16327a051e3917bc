/** What the gateway does for itself: a flood is kept out, TLS is spoken, and a reload closes nothing. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { errorBody } from '@mopl/contracts/errors'
import { eventually } from '@mopl/infrastructure/eventually'
import { freePort } from './ports.ts'
import { runProcess } from './processes.ts'
import { startGateway, type Gateway } from './testing-gateway.ts'

let gateway: Gateway | undefined
afterEach(async () => {
  await gateway?.close()
  gateway = undefined
})

describe('a flood from one address', () => {
  const flood = async (path: string) => {
    gateway = await startGateway({ edgeRate: '1r/s', edgeBurst: 4 })
    const { url } = gateway
    return Promise.all(Array.from({ length: 20 }, () => fetch(url + path)))
  }

  test.each(['/api/contents', '/ws/info', '/oauth2/authorization/google'])(
    'on %s is refused beyond the burst, with a time to come back',
    async (path) => {
      const answers = await flood(path)
      const refused = answers.filter(({ status }) => status === 429)
      expect(answers.filter(({ status }) => status === 200).length).toBeWithin(5, 8)
      expect(refused.length).toBeGreaterThan(11)
      expect(refused[0]?.headers.get('retry-after')).toBe('1')
      expect(await refused[0]?.json()).toEqual(errorBody('TOO_MANY_REQUESTS'))
    },
  )

  test('does not count pages and pictures', async () => {
    const answers = [
      ...(await flood('/')),
      ...(await Promise.all([1, 2, 3].map(() => fetch(`${gateway?.url}/media/poster.png`)))),
    ]
    expect(answers.every(({ status }) => status === 200)).toBe(true)
  })
})

describe('TLS, as the example has it', () => {
  const directory = mkdtempSync(join(tmpdir(), 'mopl-tls-'))
  const [certificate, key] = [join(directory, 'certificate.pem'), join(directory, 'key.pem')]
  const insecure = { tls: { rejectUnauthorized: false } }
  beforeAll(() =>
    runProcess({
      name: 'openssl',
      command: `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost
        -keyout ${key} -out ${certificate}`.split(/\s+/),
      logDir: directory,
    }),
  )
  afterAll(() => rmSync(directory, { recursive: true }))

  const startTls = async () => {
    const redirectPort = await freePort()
    gateway = await startGateway({ tls: { certificate, key, redirectPort } })
    return { url: gateway.url, redirectPort }
  }

  test('is spoken, and asks browsers to stay with it', async () => {
    const { url } = await startTls()
    const response = await fetch(`${url}/api/contents`, insecure)
    expect(await response.text()).toBe('api')
    expect(response.headers.get('strict-transport-security')).toBe('max-age=31536000')
  })

  test('carries WebSockets', async () => {
    const { url } = await startTls()
    const socket = new WebSocket(`${url.replace('https', 'wss')}/ws/0/abc/websocket`, insecure)
    expect(await echo(socket, 'hello')).toBe('hello')
    socket.close()
  })

  test('is where plain requests are sent, a POST as a POST', async () => {
    const { redirectPort } = await startTls()
    const response = await fetch(`http://127.0.0.1:${redirectPort}/api/reviews?a=1`, {
      method: 'POST',
      redirect: 'manual',
    })
    expect(response.status).toBe(308)
    expect(response.headers.get('location')).toBe('https://127.0.0.1/api/reviews?a=1')
  })

  test('is not claimed where it is not', async () => {
    gateway = await startGateway()
    const response = await fetch(`${gateway.url}/`)
    expect(response.headers.get('strict-transport-security')).toBeNull()
  })
})

test('a request at which an instance hangs up costs nobody else the instances', async () => {
  gateway = await startGateway()
  const { url } = gateway
  // The servers behind it know no such method, and close the connection without an answer.
  const refused = await Promise.all(Array.from({ length: 10 }, () => statusOf(url, 'NOTHING /ws/info HTTP/1.1')))
  expect(new Set(refused)).toEqual(new Set([503]))
  const others = await Promise.all(Array.from({ length: 20 }, () => fetch(`${url}/ws/info`)))
  expect(others.map(({ status }) => status)).toEqual(others.map(() => 200))
})

describe('a reload', () => {
  const open = ({ url }: Gateway) => new WebSocket(`${url.replace('http', 'ws')}/ws/0/abc/websocket`)

  test('closes no WebSocket, and new connections meet new workers', async () => {
    gateway = await startGateway()
    const socket = open(gateway)
    expect(await echo(socket, 'before')).toBe('before')
    const old = await reload(gateway)
    expect(await echo(socket, 'after')).toBe('after')
    expect(workersOf(gateway).some((worker) => old.includes(worker))).toBe(true)
    const other = open(gateway)
    expect(await echo(other, 'new')).toBe('new')
    socket.close()
    other.close()
  })

  test('closes it when the time to drain is over', async () => {
    gateway = await startGateway()
    const conf = join(gateway.options.directory, 'nginx.conf')
    const shipped = readFileSync(conf, 'utf8')
    expect(shipped).toContain('worker_shutdown_timeout 5m;')
    writeFileSync(conf, shipped.replace('worker_shutdown_timeout 5m;', 'worker_shutdown_timeout 1s;'))
    const old = await reload(gateway)
    await eventually('only workers with the new time are left', () => {
      const left = gateway === undefined ? old : workersOf(gateway)
      return !left.some((worker) => old.includes(worker))
    })
    const socket = open(gateway)
    expect(await echo(socket, 'hello')).toBe('hello')
    const closed = new Promise((resolve) => socket.addEventListener('close', () => resolve('closed')))
    const begunAt = performance.now()
    await reload(gateway)
    expect(await closed).toBe('closed')
    expect(performance.now() - begunAt).toBeGreaterThan(900)
  })
})

/** The status of the answer to a request whose first line is `requestLine`. */
async function statusOf(url: string, requestLine: string): Promise<number> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write(`${requestLine}\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`)
  return Number((await text(socket)).split(' ')[1])
}

/** What comes back for `text`, once the socket is open. */
function echo(socket: WebSocket, text: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    socket.addEventListener('message', ({ data }) => resolve(data), { once: true })
    socket.addEventListener('error', reject, { once: true })
    socket.addEventListener('close', reject, { once: true })
    if (socket.readyState === WebSocket.OPEN) socket.send(text)
    else socket.addEventListener('open', () => socket.send(text), { once: true })
  })
}

/** Reloads as an operator does, waits for the new workers, and returns the old ones. */
async function reload(gateway: Gateway): Promise<number[]> {
  const old = workersOf(gateway)
  process.kill(masterOf(gateway), 'SIGHUP')
  await eventually('there are new workers', () => workersOf(gateway).some((worker) => !old.includes(worker)))
  return old
}

function masterOf({ options }: Gateway): number {
  return Number(readFileSync(join(options.directory, 'nginx.pid'), 'utf8'))
}

function workersOf(gateway: Gateway): number[] {
  const master = masterOf(gateway)
  const children = readFileSync(`/proc/${master}/task/${master}/children`, 'utf8')
  return children.trim().split(' ').map(Number)
}
