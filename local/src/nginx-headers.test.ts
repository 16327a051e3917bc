/** Which of a client's headers pass the gateway. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { errorBody } from '@mopl/contracts/errors'
import { Glob } from 'bun'
import { root } from './bundles.ts'
import { startGateway, type Gateway } from './testing-gateway.ts'

let gateway: Gateway
beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway.close())

/** What libraries read for the apps: cookies, CORS, the handshake of a WebSocket; and what is read under a constant's name. */
const readByLibraries = [
  'access-control-request-headers',
  'access-control-request-method',
  'cookie',
  'sec-websocket-extensions',
  'sec-websocket-key',
  'sec-websocket-protocol',
  'sec-websocket-version',
  'x-xsrf-token',
]
/** What the gateway says itself, or a connection of its own does. */
const notTheClients = new Set(['content-length', 'host', 'x-forwarded-for', 'x-forwarded-host', 'x-request-id'])

/** Headers that the sources of the apps behind the gateway name in reading them. */
async function readByApps(): Promise<string[]> {
  const names = new Set<string>()
  for await (const file of new Glob('apps/{api,socket}/src/**/*.ts').scan(root)) {
    if (/test/.test(file)) continue
    const source = await Bun.file(join(root, file)).text()
    for (const [, name = ''] of source.matchAll(/\b(?:req|request)\.(?:header|getHeader)\('([\w-]+)'\)/g))
      names.add(name)
  }
  return [...names].filter((name) => !notTheClients.has(name))
}

test.each(['/api/headers', '/ws/headers'])('every header that an app reads passes, to %s', async (path) => {
  const names = [...(await readByApps()), ...readByLibraries]
  expect(names).toContain('authorization')
  const sent = Object.fromEntries(names.map((name) => [name, `what ${name} says`]))
  const answer = await fetch(gateway.url + path, { headers: sent })
  expect(await answer.json()).toMatchObject(sent)
})

test.each(['/api/headers', '/ws/headers'])(
  'a control character in one is refused with the error body, by %s',
  async (path) => {
    const { hostname, port } = new URL(gateway.url)
    for (const name of [...(await readByApps()), ...readByLibraries]) {
      const socket = connect(Number(port), hostname)
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\n${name}: a\u0001b\r\nConnection: close\r\n\r\n`)
      const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n')
      expect({ name, status: head.split(' ')[1], body }).toEqual({
        name,
        status: '400',
        body: JSON.stringify(errorBody('INVALID_REQUEST')),
      })
    }
  },
)

test('no other does, so that no request has too many', async () => {
  const strange = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`x-strange-${index}`, '1']))
  const answer = await fetch(`${gateway.url}/api/headers`, { headers: strange })
  const passed = Object.keys((await answer.json()) as object)
  expect(passed.filter((name) => name.startsWith('x-strange'))).toEqual([])
})
