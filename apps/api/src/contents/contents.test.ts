import { afterAll, describe, expect, test } from 'bun:test'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Answer, type Body, openTestApi, refusal } from '../testing.ts'
import { pictureFormat } from '../pictures/format.ts'
import { aPicture } from '../testing-pictures.ts'
import type { ContentDto } from './schemas.ts'

const api = await openTestApi()
afterAll(() => api.close())
const admin = await api.aUser({ role: 'ADMIN' })
const user = await api.aUser()

const png = await aPicture('png')
const gif = await aPicture('gif')
const movie = { type: 'movie', title: '기생충', description: '봉준호 감독', tags: ['드라마', '한국'] }

function parts(request: unknown, thumbnail?: Uint8Array<ArrayBuffer> | string): FormData {
  const form = new FormData()
  form.append('request', new Blob([JSON.stringify(request)], { type: 'application/json' }))
  if (typeof thumbnail === 'string') form.append('thumbnail', thumbnail)
  else if (thumbnail !== undefined)
    form.append('thumbnail', new Blob([thumbnail], { type: 'image/png' }), '../../etc/a.png')
  return form
}

function create(form: Body, token = admin.token): Promise<Answer> {
  return api.call('POST', '/api/contents', { token, body: form })
}

function dtoOf({ body }: Answer): ContentDto {
  return body as ContentDto
}

async function files(): Promise<string[]> {
  const entries = await readdir(api.mediaDir, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort((a, b) => a.localeCompare(b))
}

function fileOf({ thumbnailUrl }: ContentDto): string {
  return join(api.mediaDir, thumbnailUrl.replace('/media/', ''))
}

describe('a new content', () => {
  test('is answered, told, and readable by anyone signed in', async () => {
    const answer = await create(parts(movie))
    const { id } = dtoOf(answer)
    expect(answer.status).toBe(201)
    expect(answer.body).toEqual({
      id,
      ...movie,
      thumbnailUrl: '/no-thumbnail.svg',
      averageRating: 0,
      reviewCount: 0,
      watcherCount: 0,
    })
    expect(await api.call('GET', `/api/contents/${id}`, { token: user.token })).toMatchObject({
      status: 200,
      body: answer.body,
    })
    expect(await api.eventsOf(id)).toMatchObject([{ type: 'content.created', payload: { contentId: id } }])
  })

  test('stores its thumbnail under a name of our own', async () => {
    const dto = dtoOf(await create(parts(movie, png)))
    expect(dto.thumbnailUrl).toMatch(/^\/media\/[0-9a-f]{2}\/[0-9a-f-]{36}\.webp$/)
    expect(pictureFormat(await readFile(fileOf(dto)))).toBe('webp')
  })

  test('is refused with a thumbnail that is no picture, too large, a text or twice there; no file stays', async () => {
    const before = await files()
    const script = new TextEncoder().encode('<script>alert(1)</script>')
    expect(await create(parts(movie, script))).toMatchObject(refusal(415, 'UNSUPPORTED_MEDIA_TYPE'))
    const large = new Uint8Array(5 * 1024 * 1024 + 1)
    large.set(png)
    expect(await create(parts(movie, large))).toMatchObject(refusal(413, 'PAYLOAD_TOO_LARGE'))
    expect(await create(parts(movie, 'a.png'))).toMatchObject(
      refusal(400, 'INVALID_REQUEST', { thumbnail: '파일이어야 합니다.' }),
    )
    const twice = parts(movie, png)
    twice.append('thumbnail', new Blob([png]))
    expect(await create(twice)).toMatchObject(
      refusal(400, 'INVALID_REQUEST', { thumbnail: '하나만 보낼 수 있습니다.' }),
    )
    expect(await files()).toEqual(before)
  })

  test('trims its tags, keeps their order and each only once', async () => {
    const tags = [' z ', '가', 'a', '가 ', 'z']
    expect(dtoOf(await create(parts({ ...movie, tags }))).tags).toEqual(['z', '가', 'a'])
  })

  test('made at once with others of the same tags does not end in a deadlock', async () => {
    const tags = Array.from({ length: 10 }, (_, index) => `tag ${crypto.randomUUID()} ${index}`)
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        create(parts({ ...movie, tags: index % 2 === 0 ? tags : tags.toReversed() })),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(201))
  })

  test.each<[string, Record<string, unknown>]>([
    ['type', { type: 'book' }],
    ['title', { title: ' ' }],
    ['title', { title: 'x'.repeat(256) }],
    ['title', { title: 'a\0b' }],
    ['description', { description: 'x'.repeat(4001) }],
    ['tags.0', { tags: ['x'.repeat(51)] }],
    ['tags', { tags: Array.from({ length: 21 }, (_, index) => `${index}`) }],
    ['tags', { tags: 'drama' }],
    ['title', { title: undefined }],
  ])('with an impossible %s (case %#) is refused, naming the field', async (field, change) => {
    const answer = await create(parts({ ...movie, ...change }))
    expect(answer).toMatchObject(refusal(400, 'INVALID_REQUEST', { [field]: expect.any(String) }))
  })

  test('is refused without the part `request`, with one that is no JSON, and as a broken multipart', async () => {
    expect(await create(new FormData())).toMatchObject(refusal(400, 'INVALID_REQUEST'))
    const form = new FormData()
    form.append('request', '{')
    expect(await create(form)).toMatchObject(refusal(400, 'MALFORMED_JSON'))
    const broken = {
      token: admin.token,
      body: 'nothing',
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
    }
    expect(await api.call('POST', '/api/contents', broken)).toMatchObject(refusal(400, 'INVALID_REQUEST'))
    expect(await create('text')).toMatchObject(refusal(415, 'UNSUPPORTED_MEDIA_TYPE'))
  })

  test('is for admins', async () => {
    expect(await create(parts(movie), user.token)).toMatchObject(refusal(403, 'FORBIDDEN'))
  })
})

describe('a change of a content', () => {
  test('by multipart replaces what it names, and the old picture goes', async () => {
    const before = dtoOf(await create(parts(movie, png)))
    const form = parts({ title: '설국열차', tags: ['SF'] }, gif)
    const answer = await api.call('PATCH', `/api/contents/${before.id}`, { token: admin.token, body: form })
    const after = dtoOf(answer)
    expect(answer).toMatchObject({
      status: 200,
      body: { ...before, title: '설국열차', tags: ['SF'], thumbnailUrl: after.thumbnailUrl },
    })
    expect(after.thumbnailUrl).not.toBe(before.thumbnailUrl)
    expect(await files()).toContain(fileOf(after))
    expect(await files()).not.toContain(fileOf(before))
    expect((await api.eventsOf(before.id)).map(({ type }) => type)).toEqual(['content.created', 'content.updated'])
  })

  test('by JSON leaves the picture, and what it does not name', async () => {
    const before = dtoOf(await create(parts(movie, png)))
    const change = { token: admin.token, json: { description: '' } }
    const answer = await api.call('PATCH', `/api/contents/${before.id}`, change)
    expect(answer).toMatchObject({ status: 200, body: { ...before, description: '' } })
    expect(await files()).toContain(fileOf(before))
  })

  test('of only the picture has an empty request, and one without the part is refused', async () => {
    const { id } = dtoOf(await create(parts(movie)))
    const form = new FormData()
    form.append('thumbnail', new Blob([gif]), 'a')
    const change = () => api.call('PATCH', `/api/contents/${id}`, { token: admin.token, body: form })
    expect(await change()).toMatchObject(refusal(400, 'INVALID_REQUEST', { request: '필수 값입니다.' }))
    form.append('request', '{}')
    expect((await change()).status).toBe(200)
  })

  test('of an unknown content is 404 and leaves no file', async () => {
    const before = await files()
    const path = `/api/contents/${crypto.randomUUID()}`
    const answer = await api.call('PATCH', path, { token: admin.token, body: parts({ title: 'x' }, png) })
    expect(answer).toMatchObject(refusal(404, 'CONTENT_NOT_FOUND'))
    expect(await files()).toEqual(before)
  })

  test('is for admins', async () => {
    const change = { token: user.token, json: { title: 'x' } }
    expect(await api.call('PATCH', `/api/contents/${await api.aContent()}`, change)).toMatchObject(
      refusal(403, 'FORBIDDEN'),
    )
  })
})

describe('a deleted content', () => {
  test('is gone with its picture, and told', async () => {
    const dto = dtoOf(await create(parts(movie, png)))
    const path = `/api/contents/${dto.id}`
    expect(await api.call('DELETE', path, { token: user.token })).toMatchObject(refusal(403, 'FORBIDDEN'))
    expect((await api.call('DELETE', path, { token: admin.token })).status).toBe(200)
    expect(await api.call('GET', path, { token: user.token })).toMatchObject(refusal(404, 'CONTENT_NOT_FOUND'))
    expect(await api.call('DELETE', path, { token: admin.token })).toMatchObject(refusal(404, 'CONTENT_NOT_FOUND'))
    expect(await files()).not.toContain(fileOf(dto))
    expect((await api.eventsOf(dto.id)).map(({ type }) => type)).toEqual(['content.created', 'content.deleted'])
  })
})
