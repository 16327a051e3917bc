import { afterAll, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient } from '@hey-api/openapi-ts'
import { Resources } from '@mopl/infrastructure/resources'
import { createTestDatabase, startApp, testEnv } from '@mopl/infrastructure/testing'
import type { JwtDto } from '../auth/schemas.ts'
import type { Page } from '../http/page.ts'
import type { PlaylistDto } from '../playlists/schemas.ts'

const resources = new Resources()
afterAll(() => resources.close((name) => expect.unreachable(name)))
const directory = await mkdtemp(join(tmpdir(), 'mopl-client-'))
resources.defer('directory', () => rm(directory, { recursive: true }))
const database = resources.use('database', await createTestDatabase())
const api = resources.use(
  'api',
  await startApp('api', {
    DATABASE_URL: database.url,
    REDIS_URL: testEnv('REDIS_URL'),
    JWT_SECRET: 'a secret of the tests, long enough',
    ADMIN_EMAIL: 'admin@mopl.test',
    ADMIN_PASSWORD: 'admin password',
    ADMIN_NAME: '관리자',
    MEDIA_DIR: directory,
  }),
)

/** What the generator makes of our operations, as far as it is used here. */
type Call<T> = (options: {
  baseUrl: string
  headers?: Record<string, string>
  body?: unknown
  query?: unknown
}) => Promise<{ data?: T; error?: unknown; response: Response }>
type Client = { signIn: Call<JwtDto>; createPlaylist: Call<PlaylistDto>; findPlaylists: Call<Page<PlaylistDto>> }

test('a client generated from the document signs in, creates playlists and pages through them', async () => {
  const output = join(directory, 'client')
  await createClient({
    input: fileURLToPath(new URL('../../openapi.json', import.meta.url)),
    output,
    plugins: ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk'],
    logs: { level: 'silent' },
  })
  const client = (await import(join(output, 'sdk.gen.ts'))) as Client
  const baseUrl = api.url

  const { data: jwt } = await client.signIn({
    baseUrl,
    body: { username: 'admin@mopl.test', password: 'admin password' },
  })
  expect(jwt?.userDto).toMatchObject({ email: 'admin@mopl.test', role: 'ADMIN' })
  const headers = { authorization: `Bearer ${jwt?.accessToken}` }

  for (const title of ['하나', '둘', '셋']) {
    const { response, data } = await client.createPlaylist({ baseUrl, headers, body: { title, description: '' } })
    expect(response.status).toBe(201)
    expect(data).toMatchObject({ title, subscriberCount: 0, contents: [] })
  }

  const titles: string[] = []
  let position: { cursor?: string; idAfter?: string } | undefined = {}
  while (position !== undefined) {
    const query = { limit: 2, sortBy: 'updatedAt', sortDirection: 'ASCENDING', ...position }
    const { data: page } = await client.findPlaylists({ baseUrl, headers, query })
    expect(page?.totalCount).toBe(3)
    titles.push(...(page?.data ?? []).map(({ title }) => title))
    const { nextCursor, nextIdAfter } = page ?? {}
    position = nextCursor && nextIdAfter ? { cursor: nextCursor, idAfter: nextIdAfter } : undefined
  }
  expect(titles).toEqual(['하나', '둘', '셋'])

  const { error, response } = await client.findPlaylists({ baseUrl, headers, query: { limit: 0 } })
  expect(response.status).toBe(400)
  expect(error).toMatchObject({ exceptionName: 'INVALID_REQUEST', details: { sortBy: '필수 값입니다.' } })
})
