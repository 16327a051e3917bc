/** SockJS over HTTP as sockjs-protocol 0.3.3 describes it: what each request is answered with. */
import type { TestApp } from '@mopl/infrastructure/testing'
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { openSetting, type Setting } from '../testing/setting.ts'
import { openSession, receipt, receiptFor, SockJsHttp } from '../testing/sockjs-http.ts'
import { connectFrame } from '../testing/stomp-client.ts'

setDefaultTimeout(60_000)

const origin = 'https://mopl.example'
let setting: Setting
let app: TestApp

beforeAll(async () => {
  setting = await openSetting()
  app = await setting.startSocket({ ALLOWED_ORIGINS: origin })
})
afterAll(() => setting.close())

const aSession = async () => openSession(app.url, (await setting.aPerson()).token)

test('J5 J8 polling: each response carries one frame, with all that waits', async () => {
  const session = await aSession()
  await session.send(receiptFor('a'), receiptFor('b'))
  await session.send(receiptFor('c'))
  expect(await session.poll()).toBe(`a[${['a', 'b', 'c'].map(receipt).join(',')}]\n`)
  const waiting = session.poll()
  await session.send(receiptFor('d'))
  expect(await waiting).toBe(`a[${receipt('d')}]\n`)
})

const streams = {
  xhr_streaming: { method: 'POST', prelude: `${'h'.repeat(2048)}\n`, type: 'application/javascript; charset=UTF-8' },
  eventsource: { method: 'GET', prelude: '\r\n', type: 'text/event-stream; charset=UTF-8' },
  'htmlfile?c=%63allback': { method: 'GET', prelude: '<!doctype html>\n', type: 'text/html; charset=UTF-8' },
}
const frameIn: Record<keyof typeof streams, (frame: string) => string> = {
  xhr_streaming: (frame) => `${frame}\n`,
  eventsource: (frame) => `data: ${frame}\r\n\r\n`,
  'htmlfile?c=%63allback': (frame) => `<script>\np(${JSON.stringify(frame)});\n</script>\r\n`,
}

describe.each(Object.keys(streams) as (keyof typeof streams)[])('%s', (name) => {
  test('J5 J13 streams: a prelude, then frame after frame in one response that nobody keeps', async () => {
    const session = new SockJsHttp(app.url)
    const { method, prelude, type } = streams[name]
    const stream = await session.open(name, method)
    const { headers } = stream.response
    expect(headers.get('content-type')).toBe(type)
    expect(headers.get('cache-control')).toBe('no-store, no-cache, no-transform, must-revalidate, max-age=0')
    expect(await stream.until(frameIn[name]('o'))).toStartWith(prelude)
    await session.send(connectFrame((await setting.aPerson()).token))
    await stream.until('CONNECTED')
    for (const id of ['a', 'b']) {
      await session.send(receiptFor(id))
      await stream.until(frameIn[name](`a[${receipt(id)}]`))
    }
    stream.abort()
  })

  test('J8 a response ends when it has carried 128 KB, and the next one goes on', async () => {
    const { method } = streams[name]
    const session = new SockJsHttp(app.url)
    const first = await session.open(name, method)
    await session.send(connectFrame((await setting.aPerson()).token))
    await first.until('CONNECTED')
    const long = 'x'.repeat(4_000)
    const sent = 40
    for (let number = 1; number <= sent; number += 1) await session.send(receiptFor(`${number}-${long}`))
    await first.ended
    expect(first.text().length).toBeWithin(128 * 1024, sent * 4_000)
    await session.send(receiptFor('last'))
    const next = await session.open(name, method)
    await next.until('receipt-id:last')
    const both = first.text() + next.text()
    for (let number = 1; number <= sent; number += 1) expect(both.split(`receipt-id:${number}-`)).toHaveLength(2)
    next.abort()
  })
})

test('J5 htmlfile: the page that the protocol gives, long enough to be shown', async () => {
  const stream = await new SockJsHttp(app.url).open('htmlfile?c=%63allback', 'GET')
  const text = await stream.until('p("o")')
  expect(text).toContain(`  <script>
    document.domain = document.domain;
    var c = parent.callback;
    c.start();
    function p(d) {c.message(d);};
    window.onload = function() {c.stop();};
  </script>`)
  expect(text.indexOf('p("o")')).toBeGreaterThan(1024)
  stream.abort()
})

test('J5 J11 jsonp: frames come as calls, texts go as a form or bare', async () => {
  const session = new SockJsHttp(app.url)
  const poll = async () => (await session.get('jsonp?c=%63allback')).text()
  expect(await poll()).toBe('/**/callback("o");\r\n')
  const form = new URLSearchParams({ d: JSON.stringify([`${connectFrame((await setting.aPerson()).token)}\0`]) })
  const formType = { 'content-type': 'application/x-www-form-urlencoded' }
  const sent = await session.post('jsonp_send', form.toString(), formType)
  expect([sent.status, await sent.text(), sent.headers.get('content-type')]).toEqual([
    200,
    'ok',
    'text/plain; charset=UTF-8',
  ])
  expect(await poll()).toStartWith('/**/callback("a[\\"CONNECTED')
  await session.post('jsonp_send', JSON.stringify([`${receiptFor('%62')}\0`]), { 'content-type': 'text/plain' })
  expect(await poll()).toBe(`/**/callback(${JSON.stringify(`a[${receipt('%62')}]`)});\r\n`)
})

test.each(['jsonp', 'htmlfile'])('J12 %s: a callback is required, and its name is checked', async (name) => {
  const session = new SockJsHttp(app.url)
  const without = await session.get(name)
  expect([without.status, await without.text()]).toEqual([500, '"callback" parameter required'])
  for (const callback of ['%20', '*', 'abc(', 'abc%28', '%3Cscript', 'x'.repeat(65)]) {
    const response = await session.get(`${name}?c=${callback}`)
    expect([response.status, await response.text()]).toEqual([500, 'invalid "callback" parameter'])
  }
})

test('J12 nothing that a user writes ends the script it is carried in', async () => {
  const session = new SockJsHttp(app.url)
  const stream = await session.open('htmlfile?c=c', 'GET')
  await stream.until('p("o")')
  await session.send(connectFrame((await setting.aPerson()).token))
  await stream.until('CONNECTED')
  await session.send(receiptFor('</script><script>alert(1)</script>\u2028'))
  const text = await stream.until('RECEIPT')
  expect(text.slice(text.indexOf('RECEIPT'))).toStartWith(
    'RECEIPT\\\\nreceipt-id:\\u003c/script>\\u003cscript>alert(1)\\u003c/script>\\\\u2028',
  )
  stream.abort()
})

test('J12 characters that browsers stumble over are escaped', async () => {
  const session = await aSession()
  await session.send(receiptFor('\u200c\u2028\u2060\ufff0👋안'))
  expect(await session.poll()).toContain('receipt-id:\\u200c\\u2028\\u2060\\ufff0\\ud83d\\udc4b안')
})

test('J11 a request that brings nothing useful is refused, and the session goes on', async () => {
  const session = await aSession()
  const refusals = {
    '["x': 'Broken JSON encoding.',
    '': 'Payload expected.',
    '{}': 'Payload expected.',
    '[1]': 'Payload expected.',
  }
  for (const [body, problem] of Object.entries(refusals)) {
    const response = await session.post('xhr_send', body)
    expect([response.status, await response.text()]).toEqual([500, problem])
  }
  expect((await session.post('xhr_send', '[]')).status).toBe(204)
  expect((await session.post('xhr_send', JSON.stringify(['x'.repeat(257 * 1024)]))).status).toBe(413)
  await session.send(receiptFor('still'))
  expect(await session.poll()).toBe(`a[${receipt('still')}]\n`)
})

test.each(['text/plain', 'T', 'application/json', 'application/xml', '', 'text/xml; charset=utf-8'])(
  'J11 the content type %p of a request does not matter',
  async (type) => {
    const session = await aSession()
    const response = await session.post('xhr_send', '["\\n"]', { 'content-type': type })
    expect([response.status, response.headers.get('content-type')]).toEqual([204, 'text/plain; charset=UTF-8'])
  },
)

test('T1 J13 only pages of allowed origins may use a session', async () => {
  const session = new SockJsHttp(app.url)
  for (const name of ['xhr', 'xhr_streaming', 'xhr_send', 'jsonp_send'])
    expect((await session.post(name, '["x"]', { origin: 'https://evil.example' })).status).toBe(403)
  const response = await session.post('xhr', '', { origin, 'access-control-request-headers': 'a, b, c' })
  expect(response.headers.toJSON()).toMatchObject({
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-allow-headers': 'a, b, c',
    vary: 'Origin',
  })
})

test.each(['xhr', 'xhr_streaming', 'xhr_send'])('J13 a preflight of %s is answered and may be kept', async (name) => {
  const headers = { origin, 'access-control-request-headers': 'content-type' }
  const response = await fetch(`${new SockJsHttp(app.url).url}/${name}`, { method: 'OPTIONS', headers })
  expect(response.status).toBe(204)
  expect(response.headers.toJSON()).toMatchObject({
    'access-control-allow-methods': 'OPTIONS, POST',
    'access-control-allow-origin': origin,
    'access-control-allow-headers': 'content-type',
    'access-control-max-age': '31536000',
    'cache-control': 'public, max-age=31536000',
  })
})

test('J13 another method is not allowed, and a WebSocket needs its handshake', async () => {
  const session = new SockJsHttp(app.url)
  for (const [name, allow] of [
    ['xhr', 'OPTIONS, POST'],
    ['jsonp_send', 'POST'],
  ] as const) {
    const response = await session.get(name)
    expect([response.status, response.headers.get('allow')]).toEqual([405, allow])
  }
  expect((await session.post('websocket')).status).toBe(405)
  const plain = await session.get('websocket')
  expect([plain.status, await plain.text()]).toEqual([400, 'Can "Upgrade" only to "WebSocket".'])
})

test('J1 the iframe page and its script are ours, and only allowed pages may frame them', async () => {
  const page = await fetch(`${app.url}/ws/iframe-1.6.1.html?t=1`)
  expect(page.headers.get('content-security-policy')).toBe(`frame-ancestors 'self' ${origin}`)
  expect(page.headers.get('cache-control')).toBe('public, max-age=31536000')
  const [, source = ''] = /<script src="([^"]+)">/.exec(await page.text()) ?? []
  const script = await fetch(new URL(source, page.url))
  expect(script.headers.get('content-type')).toBe('application/javascript; charset=UTF-8')
  expect(await script.text()).toContain('sockjs-client v1.6.1')
})
