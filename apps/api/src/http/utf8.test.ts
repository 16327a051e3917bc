import { afterAll, describe, expect, test } from 'bun:test'
import { users } from '@mopl/infrastructure/tables'
import { eq } from 'drizzle-orm'
import { openTestApi, refusal } from '../testing.ts'

const api = await openTestApi()
afterAll(() => api.close())
const { id, token, name } = await api.aUser({ role: 'ADMIN' })

/** Bytes that are no UTF-8: a lone continuation, half a character, an overlong one, half a surrogate pair. */
const broken = ['\x80', '\xed\x95', '\xc0\xaf', '\xed\xa0\x80']
const refused = (field: string) => refusal(400, 'INVALID_REQUEST', { [field]: 'UTF-8이어야 합니다.' })
const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0))
const escaped = (bytes: string) => Array.from(latin1(bytes), (byte) => `%${byte.toString(16)}`).join('')

function multipart(part: string): { body: Uint8Array<ArrayBuffer>; headers: Record<string, string> } {
  return {
    body: latin1(`--limit\r\n${part}\r\n--limit--\r\n`),
    headers: { 'content-type': 'multipart/form-data; boundary=limit' },
  }
}
const asText = 'Content-Disposition: form-data; name="request"\r\n\r\n'
const asFile =
  'Content-Disposition: form-data; name="request"; filename="blob"\r\nContent-Type: application/json\r\n\r\n'

describe.each(broken)('bytes that are not UTF-8 (%j) are refused, never replaced', (bytes) => {
  test('in JSON', async () => {
    const body = latin1(`{"title":"${bytes}","description":""}`)
    const headers = { 'content-type': 'application/json' }
    expect(await api.call('POST', '/api/playlists', { token, body, headers })).toMatchObject(refused('body'))
  })

  test('in a form, as they are or escaped', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const signIn = (value: string) =>
      api.call('POST', '/api/auth/sign-in', { body: latin1(`password=x&username=${value}`), headers })
    expect(await signIn(bytes)).toMatchObject(refused('body'))
    expect(await signIn(escaped(bytes))).toMatchObject(refused('username'))
  })

  test.each([asText, asFile])('in a part (%#)', async (head) => {
    const answer = await api.call('PATCH', `/api/users/${id}`, {
      token,
      ...multipart(`${head}{"name":"이름${bytes}"}`.replace('이름', '\xec\x9d\xb4\xeb\xa6\x84')),
    })
    expect(answer).toMatchObject(refused('request'))
    const [user] = await api.db.select({ name: users.name }).from(users).where(eq(users.id, id))
    expect(user).toEqual({ name })
  })

  test('in a query', async () => {
    const page = 'limit=1&sortBy=createdAt&sortDirection=ASCENDING'
    for (const value of [escaped(bytes), `%ea%b0%80${escaped(bytes)}`])
      expect(await api.call('GET', `/api/contents?${page}&keywordLike=${value}`, { token })).toMatchObject(
        refused('keywordLike'),
      )
  })
})

test('U+FFFD itself, a % that escapes nothing, and every other character are taken as they are', async () => {
  const title = '100% \uFFFD 👩‍👩‍👧 한글 %zz %25'
  const { body } = await api.call('POST', '/api/playlists', { token, json: { title, description: '' } })
  expect(body).toMatchObject({ title })
  const search = new URLSearchParams({
    limit: '1',
    sortBy: 'updatedAt',
    sortDirection: 'ASCENDING',
    keywordLike: title,
  })
  expect((await api.call('GET', `/api/playlists?${search.toString()}`, { token })).body).toMatchObject({
    totalCount: 1,
  })
  const unescaped = 'limit=1&sortBy=updatedAt&sortDirection=ASCENDING&keywordLike=100%'
  expect((await api.call('GET', `/api/playlists?${unescaped}`, { token })).body).toMatchObject({ totalCount: 1 })
  for (const request of [JSON.stringify({ name: title }), new Blob([JSON.stringify({ name: title })])]) {
    const form = new FormData()
    form.append('request', request)
    const person = await api.aUser()
    const answer = await api.call('PATCH', `/api/users/${person.id}`, { token: person.token, body: form })
    expect(answer).toMatchObject({ status: 200, body: { name: title } })
  }
})

test('half a surrogate pair in JSON is refused by the field', async () => {
  const body = String.raw`{"title":"a\ud83d","description":"\ude00"}`
  const answer = await api.call('POST', '/api/playlists', {
    token,
    body,
    headers: { 'content-type': 'application/json' },
  })
  const reason = '사용할 수 없는 문자가 있습니다.'
  expect(answer).toMatchObject(refusal(400, 'INVALID_REQUEST', { title: reason, description: reason }))
})

test('a change of a content as JSON may stand by itself or under `request`', async () => {
  const contentId = await api.aContent()
  for (const [title, json] of [
    ['하나', { title: '하나' }],
    ['둘', { request: { title: '둘' } }],
  ] as const)
    expect(await api.call('PATCH', `/api/contents/${contentId}`, { token, json })).toMatchObject({
      status: 200,
      body: { title },
    })
})
