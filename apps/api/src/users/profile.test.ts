import { afterAll, expect, test } from 'bun:test'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { createLog } from '@mopl/infrastructure/log'
import { openPostgres } from '@mopl/infrastructure/postgres'
import { testEnv } from '@mopl/infrastructure/testing'
import { openDoor } from '@mopl/infrastructure/testing-door'
import { type Answer, openTestApi, type Person, refusal } from '../testing.ts'
import { pictureFormat } from '../pictures/format.ts'
import { aPicture } from '../testing-pictures.ts'
import type { UserDto } from './schemas.ts'

const api = await openTestApi()
afterAll(() => api.close())

const gif = await aPicture('gif')

function parts(request?: unknown, image?: Uint8Array<ArrayBuffer>): FormData {
  const form = new FormData()
  if (request !== undefined) form.append('request', new Blob([JSON.stringify(request)], { type: 'application/json' }))
  if (image !== undefined) form.append('image', new Blob([image]), '../../a.png')
  return form
}

function change({ token }: Person, userId: string, body: FormData): Promise<Answer> {
  return api.call('PATCH', `/api/users/${userId}`, { token, body })
}

function fileOf({ body }: Answer, { mediaDir } = api): string {
  return join(mediaDir, (body as UserDto).profileImageUrl!.replace('/media/', ''))
}

async function files(): Promise<string[]> {
  const entries = await readdir(api.mediaDir, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort()
}

test('a user changes name and picture, each without the other, and what is not named stays', async () => {
  const user = await api.aUser({ name: '이전 이름' })
  const named = await change(user, user.id, parts({ name: '새 이름' }))
  expect(named).toMatchObject({ status: 200, body: { id: user.id, name: '새 이름', email: user.email, locked: false } })
  expect(named.body).not.toHaveProperty('profileImageUrl')
  const pictured = await change(user, user.id, parts({}, gif))
  expect(pictured).toMatchObject({ status: 200, body: { name: '새 이름' } })
  expect(pictureFormat(await readFile(fileOf(pictured)))).toBe('webp')
  const renamed = await change(user, user.id, parts({ name: '또 다른' }))
  expect(renamed.body).toEqual({ ...(pictured.body as UserDto), name: '또 다른' })
  expect((await api.call('GET', `/api/users/${user.id}`, { token: user.token })).body).toEqual(renamed.body)
})

test('a form of many thousand parts is read in no time: nobody else can be served meanwhile', async () => {
  const user = await api.aUser()
  const form = parts({ name: '새 이름' })
  // What is no UTF-8 becomes this character, so that every text that has it is suspicious.
  for (let index = 0; index < 40_000; index++) form.append('other', `\uFFFD${index}`)
  const startedAt = performance.now()
  expect((await change(user, user.id, form)).status).toBe(200)
  expect(performance.now() - startedAt).toBeLessThan(1_000)
})

test('a new picture takes the place of the old one, whose file goes', async () => {
  const user = await api.aUser()
  const before = fileOf(await change(user, user.id, parts({}, gif)))
  const after = fileOf(await change(user, user.id, parts({}, gif)))
  expect(after).not.toBe(before)
  expect(await files()).toContain(after)
  expect(await files()).not.toContain(before)
})

test('two pictures at once leave one file', async () => {
  const user = await api.aUser()
  const before = await files()
  await Promise.all([change(user, user.id, parts({}, gif)), change(user, user.id, parts({}, gif))])
  expect((await files()).length).toBe(before.length + 1)
  const now = await api.call('GET', `/api/users/${user.id}`, { token: user.token })
  expect(await files()).toContain(fileOf(now))
})

test("another's profile cannot be changed, not by an admin either, and no file stays", async () => {
  const [user, before] = [await api.aUser(), await files()]
  for (const person of [await api.aUser(), await api.aUser({ role: 'ADMIN' })])
    expect(await change(person, user.id, parts({ name: '가로챔' }, gif))).toMatchObject(refusal(403, 'FORBIDDEN', {}))
  expect(await files()).toEqual(before)
})

test('a profile changes nothing but name and picture', async () => {
  const user = await api.aUser()
  const body = { name: '새 이름', role: 'ADMIN', locked: true, email: 'other@mopl.test', id: crypto.randomUUID() }
  expect((await change(user, user.id, parts(body))).body).toMatchObject({
    id: user.id,
    name: '새 이름',
    role: 'USER',
    locked: false,
    email: user.email,
  })
})

test('a name that is none and a picture that is none are refused, and no file stays', async () => {
  const [user, before] = [await api.aUser(), await files()]
  for (const name of ['x', ' ', 'x'.repeat(51), 'a\0b', 5, null])
    expect(await change(user, user.id, parts({ name }, gif))).toMatchObject(
      refusal(400, 'INVALID_REQUEST', { name: expect.any(String) }),
    )
  const script = new TextEncoder().encode('<script>alert(1)</script>')
  for (const form of [parts(), parts(undefined, gif)])
    expect(await change(user, user.id, form)).toMatchObject(
      refusal(400, 'INVALID_REQUEST', { request: '필수 값입니다.' }),
    )
  expect(await change(user, user.id, parts({}, script))).toMatchObject(refusal(415, 'UNSUPPORTED_MEDIA_TYPE'))
  const twice = parts({}, gif)
  twice.append('image', new Blob([gif]))
  expect(await change(user, user.id, twice)).toMatchObject(refusal(400, 'INVALID_REQUEST'))
  expect(await files()).toEqual(before)
})

test('a picture stays when the answer to the commit got lost, and the row may name it', async () => {
  const { hostname, port } = new URL(testEnv('DATABASE_URL'))
  const answers = () =>
    new Transform({
      transform: (bytes: Buffer, _encoding, done) => done(bytes.includes('COMMIT\0') ? new Error('lost') : null, bytes),
    })
  const door = await openDoor(hostname, Number(port), { toClient: answers })
  const behind = await openTestApi((_real, url) => {
    const through = Object.assign(new URL(url), { hostname: '127.0.0.1', port: String(door.port) })
    return {
      db: openPostgres({ url: through.href, poolSize: 2, application: 'api-test', log: createLog('test', 'silent') })
        .db,
    }
  })
  const { id, token } = await behind.aUser()
  const changed = await behind.call('PATCH', `/api/users/${id}`, { token, body: parts({}, gif) })
  expect(changed).toMatchObject(refusal(503, 'UNAVAILABLE'))
  const now = await behind.call('GET', `/api/users/${id}`, { token })
  expect(pictureFormat(await readFile(fileOf(now, behind)))).toBe('webp')
  await door.shut()
  await behind.close()
})
