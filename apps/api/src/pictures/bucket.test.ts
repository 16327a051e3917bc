import { afterAll, describe, expect, test } from 'bun:test'
import { startTestBucket } from '@mopl/infrastructure/testing-bucket'
import { freePort } from '@mopl/infrastructure/testing'
import pino from 'pino'
import type { ContentDto } from '../contents/schemas.ts'
import { openTestApi, refusal } from '../testing.ts'
import { aPicture } from '../testing-pictures.ts'
import { createBucket, isBucketUrl } from '@mopl/infrastructure/picture-bucket'
import { createPictures } from './pictures.ts'
import { createReencode } from './reencode.ts'

const server = await startTestBucket()
const { port } = server
const bucket = createBucket(server.url)
const picturesIn = (storage: typeof bucket) =>
  createPictures({ storage, reencode: createReencode(), log: pino({ level: 'silent' }) })
const api = await openTestApi(() => ({ bucket, pictures: picturesIn(bucket) }))
const admin = await api.aUser({ role: 'ADMIN' })
afterAll(async () => {
  await api.close()
  await server.close()
})

async function upload(method: 'POST' | 'PATCH', path: string, on = api) {
  const body = new FormData()
  body.append('request', JSON.stringify({ type: 'movie', title: '제목', description: '', tags: [] }))
  body.append('thumbnail', new Blob([await aPicture('png')]))
  return on.call(method, path, { token: admin.token, body })
}

describe('with a bucket', () => {
  test('a picture is stored there and served from there, to anybody and for ever', async () => {
    const { thumbnailUrl } = (await upload('POST', '/api/contents')).body as ContentDto
    const response = await api.app.request(thumbnailUrl, {}, { remoteAddress: undefined })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('image/webp')
    expect(response.headers.get('cache-control')).toContain('immutable')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(await response.bytes()).toEqual((await bucket.read(thumbnailUrl.replace('/media/', '')))!)
  })

  test('a poster that was collected is served as what it is', async () => {
    const key = `ab/${crypto.randomUUID()}.jpg`
    await bucket.put(key, new Uint8Array([0xff, 0xd8, 0xff]))
    const response = await api.app.request(`/media/${key}`, {}, { remoteAddress: undefined })
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/jpeg'])
  })

  test('the old picture goes when a new one takes its place', async () => {
    const { id, thumbnailUrl } = (await upload('POST', '/api/contents')).body as ContentDto
    const after = (await upload('PATCH', `/api/contents/${id}`)).body as ContentDto
    expect((await api.call('GET', after.thumbnailUrl)).status).toBe(200)
    expect(await api.call('GET', thumbnailUrl)).toMatchObject(refusal(404, 'ROUTE_NOT_FOUND'))
  })

  test('nothing but pictures is served', async () => {
    for (const path of ['ab', `ab/${crypto.randomUUID()}.svg`, '..%2f..%2fx', `ab/${crypto.randomUUID()}.webp`])
      expect((await api.call('GET', `/media/${path}`)).status).toBe(404)
  })

  test('removing what is not there is fine', async () => {
    await bucket.remove(`ab/${crypto.randomUUID()}.webp`)
  })
})

test('a bucket that is away, or does not let us in, is 503 and leaves no content', async () => {
  const key = `ab/${crypto.randomUUID()}.webp`
  for (const url of [
    `http://S3RVER:wrong@127.0.0.1:${port}/pictures`,
    `http://a:b@127.0.0.1:${await freePort()}/pictures`,
  ]) {
    const closed = createBucket(url)
    const poor = await openTestApi(() => ({ bucket: closed, pictures: picturesIn(closed) }))
    const { token } = await poor.aUser({ role: 'ADMIN' })
    const body = new FormData()
    body.append('request', JSON.stringify({ type: 'movie', title: '제목', description: '', tags: [] }))
    body.append('thumbnail', new Blob([await aPicture('png')]))
    expect(await poor.call('POST', '/api/contents', { token, body })).toMatchObject(refusal(503, 'UNAVAILABLE', {}))
    expect(await poor.call('GET', `/media/${key}`)).toMatchObject(refusal(503, 'UNAVAILABLE', {}))
    expect(poor.lines.join('')).not.toContain('wrong')
    await poor.close()
  }
})

test.each([
  ['https://id:secret@s3.eu-west-1.amazonaws.com/pictures?region=eu-west-1', true],
  ['https://s3.eu-west-1.amazonaws.com/pictures', false],
  ['https://id:secret@host/', false],
  ['s3://id:secret@host/pictures', false],
  ['pictures', false],
])('%s is a bucket: %p', (text, expected) => expect(isBucketUrl(text)).toBe(expected))
