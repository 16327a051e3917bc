import { afterAll, expect, test } from 'bun:test'
import { openTestApi, refusal } from '../testing.ts'

const api = await openTestApi()
afterAll(() => api.close())
const { token } = await api.aUser({ role: 'ADMIN' })
const json = { 'content-type': 'application/json' }

test('an unknown route is 404 in the error body', async () => {
  for (const path of ['/', '/api', '/api/nothing', '/api/reviews/', '/actuator/nothing', '/api/contents/a/b/c', '/%00'])
    expect(await api.call('GET', path)).toMatchObject(refusal(404, 'ROUTE_NOT_FOUND', {}))
})

test('a known path with another method is 405 and says which it has', async () => {
  for (const [method, path, allow] of [
    ['PUT', '/api/reviews', 'GET, HEAD, POST'],
    ['DELETE', '/api/contents', 'GET, HEAD, POST'],
    ['GET', '/api/auth/sign-in', 'POST'],
    ['POST', `/api/contents/${crypto.randomUUID()}`, 'DELETE, GET, HEAD, PATCH'],
    ['PUT', '/api/users', 'GET, HEAD, POST'],
  ] as const) {
    const answer = await api.call(method, path)
    expect(answer).toMatchObject(refusal(405, 'METHOD_NOT_ALLOWED', {}))
    expect(answer.headers.get('allow')).toBe(allow)
  }
})

test.each(['', '{', '{"a":}', 'null}', "{'a':1}", '[', '['.repeat(60_000), '\0', '{"a":"\u0001"}'])(
  'a body that is not JSON (%#) is 400',
  async (body) => {
    const answer = await api.call('POST', '/api/reviews', { token, body, headers: json })
    expect(answer).toMatchObject(refusal(400, 'MALFORMED_JSON', {}))
  },
)

test.each(['null', '5', '"text"', '[]', '{}', '{"__proto__":{"rating":5}}', '{"rating":1e400}'])(
  'JSON of another shape (%p) is 400',
  async (body) => {
    const answer = await api.call('POST', '/api/reviews', { token, body, headers: json })
    expect(answer).toMatchObject(refusal(400, 'INVALID_REQUEST'))
  },
)

test('a wrong or missing content type is 415', async () => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'json', ''])
    expect(
      await api.call('POST', '/api/reviews', { token, body: '{}', headers: { 'content-type': type } }),
    ).toMatchObject(refusal(415, 'UNSUPPORTED_MEDIA_TYPE'))
  const charset = { 'content-type': 'Application/JSON; charset=utf-8' }
  expect((await api.call('POST', '/api/reviews', { token, body: '{}', headers: charset })).status).toBe(400)
})

test('a body beyond its limit is 413, whether its length is announced or not', async () => {
  const large = JSON.stringify({ text: 'x'.repeat(70 * 1024) })
  expect(await api.call('POST', '/api/reviews', { token, body: large, headers: json })).toMatchObject(
    refusal(413, 'PAYLOAD_TOO_LARGE', {}),
  )
  const announced = { ...json, 'content-length': String(10 ** 12) }
  expect(await api.call('POST', '/api/reviews', { token, body: '{}', headers: announced })).toMatchObject(
    refusal(413, 'PAYLOAD_TOO_LARGE', {}),
  )
})

test('no answer and no log line repeats a submitted value', async () => {
  const secret = 'S3CRET-value-of-mine'
  const fields = { name: { secret }, email: secret, password: [secret] }
  const answer = await api.call('POST', '/api/users', { json: fields })
  expect(answer.status).toBe(400)
  expect(JSON.stringify(answer.body)).not.toContain(secret)
  await api.call('POST', '/api/auth/sign-in', { body: new URLSearchParams({ username: 'a@b.test', password: secret }) })
  await api.call('POST', '/api/users', { json: { name: '이름', email: `${secret}@mopl.test`, password: secret } })
  await api.call('POST', '/api/users', { json: { name: '이름', email: `${secret}@mopl.test`, password: secret } })
  expect(api.lines.join('')).not.toContain(secret)
})
