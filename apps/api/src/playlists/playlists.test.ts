import { afterAll, describe, expect, test } from 'bun:test'
import { contentTags, tags, users } from '@mopl/infrastructure/tables'
import { newId } from '@mopl/infrastructure/ids'
import { eq } from 'drizzle-orm'
import type { Page } from '../http/page.ts'
import { type Answer, openTestApi, type Person, refusal } from '../testing.ts'
import type { PlaylistDto } from './schemas.ts'

const api = await openTestApi()
afterAll(() => api.close())

const weekend = { title: '주말에 볼 것', description: '비 오는 날' }

function create({ token }: Person, fields: Record<string, unknown> = {}): Promise<Answer> {
  return api.call('POST', '/api/playlists', { token, json: { ...weekend, ...fields } })
}

async function aPlaylist(owner: Person, fields?: Record<string, unknown>): Promise<PlaylistDto> {
  const { status, body } = await create(owner, fields)
  expect(status).toBe(201)
  return body as PlaylistDto
}

async function read({ token }: Person, id: string): Promise<PlaylistDto> {
  const { status, body } = await api.call('GET', `/api/playlists/${id}`, { token })
  expect(status).toBe(200)
  return body as PlaylistDto
}

function put(method: 'POST' | 'DELETE', { token }: Person, playlistId: string, contentId: string) {
  return api.call(method, `/api/playlists/${playlistId}/contents/${contentId}`, { token })
}

async function list({ token }: Person, query: Record<string, string>): Promise<Page<PlaylistDto>> {
  const page = new URLSearchParams({ limit: '50', sortBy: 'updatedAt', sortDirection: 'ASCENDING', ...query })
  const { status, body } = await api.call('GET', `/api/playlists?${page.toString()}`, { token })
  expect(status).toBe(200)
  return body as Page<PlaylistDto>
}

describe('a new playlist', () => {
  test('is answered with its owner, empty and without subscribers, and told', async () => {
    const owner = await api.aUser({ name: '주인' })
    await api.db.update(users).set({ profileImageKey: 'ab/ab.png' }).where(eq(users.id, owner.id))
    const dto = await aPlaylist(owner)
    expect(dto).toEqual({
      id: dto.id,
      owner: { userId: owner.id, name: '주인', profileImageUrl: '/media/ab/ab.png' },
      ...weekend,
      updatedAt: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
      subscriberCount: 0,
      subscribedByMe: false,
      contents: [],
    })
    expect(await read(await api.aUser(), dto.id)).toEqual(dto)
    expect(await api.eventsOf(dto.id)).toMatchObject([
      { type: 'playlist.created', payload: { playlistId: dto.id, ownerId: owner.id } },
    ])
  })

  test.each([
    ['title', ''],
    ['title', ' '],
    ['title', 'x'.repeat(256)],
    ['title', 'a\0b'],
    ['title', undefined],
    ['title', 1],
    ['description', 'x'.repeat(4001)],
    ['description', undefined],
    ['description', null],
  ])('with an impossible %s (case %#) is refused, naming the field', async (field, value) => {
    const answer = await create(await api.aUser(), { [field]: value })
    expect(answer).toMatchObject(refusal(400, 'INVALID_REQUEST', { [field]: expect.any(String) }))
  })

  test('belongs to whoever makes it, whatever the body says', async () => {
    const [owner, other] = [await api.aUser(), await api.aUser()]
    const dto = await aPlaylist(owner, { ownerId: other.id, id: newId(), subscriberCount: 9 })
    expect(dto).toMatchObject({ owner: { userId: owner.id }, subscriberCount: 0 })
  })
})

describe('a change of a playlist', () => {
  test('keeps what it does not name and says when it was', async () => {
    const owner = await api.aUser()
    const before = await aPlaylist(owner)
    const change = { token: owner.token, json: { title: '평일에 볼 것' } }
    const { status, body } = await api.call('PATCH', `/api/playlists/${before.id}`, change)
    const after = body as PlaylistDto
    expect(status).toBe(200)
    expect(after).toEqual({ ...before, title: '평일에 볼 것', updatedAt: after.updatedAt })
    expect(after.updatedAt > before.updatedAt).toBe(true)
    expect(await read(owner, before.id)).toEqual(after)
  })

  test('is refused when it would leave no title', async () => {
    const owner = await api.aUser()
    const { id } = await aPlaylist(owner)
    expect(await api.call('PATCH', `/api/playlists/${id}`, { token: owner.token, json: { title: '' } })).toMatchObject(
      refusal(400, 'INVALID_REQUEST', { title: expect.any(String) }),
    )
  })
})

describe("another's playlist", () => {
  const attempts = async (person: Person, id: string) => {
    const contentId = await api.aContent()
    return [
      await api.call('PATCH', `/api/playlists/${id}`, { token: person.token, json: { title: '내 것' } }),
      await api.call('DELETE', `/api/playlists/${id}`, { token: person.token }),
      await put('POST', person, id, contentId),
      await put('DELETE', person, id, contentId),
      await put('POST', person, id, crypto.randomUUID()),
    ]
  }

  test('can be neither changed, filled, emptied nor deleted, not by an admin either', async () => {
    const owner = await api.aUser()
    const dto = await aPlaylist(owner)
    for (const person of [await api.aUser(), await api.aUser({ role: 'ADMIN' })])
      for (const answer of await attempts(person, dto.id)) expect(answer).toMatchObject(refusal(403, 'FORBIDDEN', {}))
    expect(await read(owner, dto.id)).toEqual(dto)
  })

  test('and one that does not exist is 404 in every way', async () => {
    const [person, id] = [await api.aUser(), crypto.randomUUID()]
    for (const answer of [
      ...(await attempts(person, id)),
      await api.call('GET', `/api/playlists/${id}`, { token: person.token }),
      await api.call('POST', `/api/playlists/${id}/subscription`, { token: person.token }),
      await api.call('DELETE', `/api/playlists/${id}/subscription`, { token: person.token }),
    ])
      expect(answer).toMatchObject(refusal(404, 'PLAYLIST_NOT_FOUND', {}))
  })
})

test('a deleted playlist is gone with its contents and subscriptions', async () => {
  const [owner, reader] = [await api.aUser(), await api.aUser()]
  const { id } = await aPlaylist(owner)
  await put('POST', owner, id, await api.aContent())
  await api.call('POST', `/api/playlists/${id}/subscription`, { token: reader.token })
  expect((await api.call('DELETE', `/api/playlists/${id}`, { token: owner.token })).status).toBe(200)
  expect(await api.call('GET', `/api/playlists/${id}`, { token: reader.token })).toMatchObject(
    refusal(404, 'PLAYLIST_NOT_FOUND', {}),
  )
  expect((await list(reader, { subscriberIdEqual: reader.id })).totalCount).toBe(0)
})

describe('the contents of a playlist', () => {
  test('stand in the order in which they were added, with their tags, and a new one is told', async () => {
    const owner = await api.aUser()
    const { id, updatedAt } = await aPlaylist(owner)
    const ids = [await api.aContent({ title: '셋' }), await api.aContent({ title: '하나' }), await api.aContent()]
    const tag = { id: newId(), name: crypto.randomUUID() }
    await api.db.insert(tags).values(tag)
    await api.db.insert(contentTags).values({ contentId: ids[0]!, tagId: tag.id, position: 0 })
    const added = ids.toReversed()
    for (const contentId of added) expect((await put('POST', owner, id, contentId)).status).toBe(204)
    const dto = await read(owner, id)
    expect(dto.contents.map((content) => content.id)).toEqual(added)
    expect(dto.contents[2]).toEqual({
      id: ids[0]!,
      type: 'movie',
      title: '셋',
      description: '설명',
      thumbnailUrl: '/no-thumbnail.svg',
      tags: [tag.name],
      averageRating: 0,
      reviewCount: 0,
    })
    expect(dto.updatedAt > updatedAt).toBe(true)
    expect((await api.eventsOf(id)).slice(1).map(({ type, payload }) => ({ type, payload }))).toEqual(
      added.map((contentId) => ({
        type: 'playlist.content-added',
        payload: { playlistId: id, ownerId: owner.id, contentId },
      })),
    )
  })

  test('are each there once, and told once, however often and however simultaneously they are added', async () => {
    const owner = await api.aUser()
    const [{ id }, contentId] = [await aPlaylist(owner), await api.aContent()]
    const answers = await Promise.all(Array.from({ length: 5 }, () => put('POST', owner, id, contentId)))
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204, 204, 204])
    const { updatedAt, contents } = await read(owner, id)
    expect(contents).toHaveLength(1)
    expect((await put('POST', owner, id, contentId)).status).toBe(204)
    expect((await read(owner, id)).updatedAt).toBe(updatedAt)
    expect(await api.eventsOf(id)).toHaveLength(2)
  })

  test('must exist: 404, and nothing is told', async () => {
    const owner = await api.aUser()
    const { id } = await aPlaylist(owner)
    expect(await put('POST', owner, id, crypto.randomUUID())).toMatchObject(refusal(404, 'CONTENT_NOT_FOUND', {}))
    expect(await put('POST', owner, id, 'x')).toMatchObject(
      refusal(400, 'INVALID_REQUEST', { contentId: expect.any(String) }),
    )
    expect(await api.eventsOf(id)).toHaveLength(1)
  })

  test('are removed once or several times alike, and only a real removal changes the time', async () => {
    const owner = await api.aUser()
    const [{ id }, contentId] = [await aPlaylist(owner), await api.aContent()]
    await put('POST', owner, id, contentId)
    const before = await read(owner, id)
    expect((await put('DELETE', owner, id, contentId)).status).toBe(204)
    const after = await read(owner, id)
    expect(after.contents).toEqual([])
    expect(after.updatedAt > before.updatedAt).toBe(true)
    for (const absent of [contentId, crypto.randomUUID()])
      expect((await put('DELETE', owner, id, absent)).status).toBe(204)
    expect((await read(owner, id)).updatedAt).toBe(after.updatedAt)
  })
})

describe('the list of playlists', () => {
  test('finds a keyword in title or description, Korean too, and filters by owner and subscriber', async () => {
    const [one, two, reader] = [await api.aUser(), await api.aUser(), await api.aUser()]
    const spring = await aPlaylist(one, { title: '봄날의 영화' })
    const rain = await aPlaylist(one, { title: 'Rainy', description: '봄비 100%' })
    const sport = await aPlaylist(two, { title: '축구' })
    await api.call('POST', `/api/playlists/${rain.id}/subscription`, { token: reader.token })
    await api.call('POST', `/api/playlists/${sport.id}/subscription`, { token: reader.token })
    const found = async (query: Record<string, string>) => (await list(reader, query)).data.map(({ id }) => id)
    expect(await found({ ownerIdEqual: one.id })).toEqual([spring.id, rain.id])
    expect(await found({ ownerIdEqual: one.id, keywordLike: '봄날' })).toEqual([spring.id])
    expect(await found({ ownerIdEqual: one.id, keywordLike: '봄' })).toEqual([spring.id, rain.id])
    expect(await found({ ownerIdEqual: one.id, keywordLike: '0%' })).toEqual([rain.id])
    expect(await found({ ownerIdEqual: one.id, keywordLike: 'rAIN' })).toEqual([rain.id])
    expect(await found({ subscriberIdEqual: reader.id })).toEqual([rain.id, sport.id])
    expect(await found({ subscriberIdEqual: reader.id, ownerIdEqual: two.id })).toEqual([sport.id])
    expect(await found({ subscriberIdEqual: reader.id, keywordLike: '봄날' })).toEqual([])
    expect(await found({ ownerIdEqual: crypto.randomUUID() })).toEqual([])
  })

  test('shows to each reader what that reader subscribes to, with the contents of every playlist', async () => {
    const [owner, reader] = [await api.aUser(), await api.aUser()]
    const [first, second] = [await aPlaylist(owner), await aPlaylist(owner)]
    const contentId = await api.aContent()
    await put('POST', owner, second.id, contentId)
    await api.call('POST', `/api/playlists/${first.id}/subscription`, { token: reader.token })
    const seenBy = async (person: Person) =>
      (await list(person, { ownerIdEqual: owner.id })).data.map(
        ({ id, subscribedByMe, subscriberCount, contents }) => ({
          id,
          subscribedByMe,
          subscriberCount,
          contents: contents.map((content) => content.id),
        }),
      )
    expect(await seenBy(reader)).toEqual([
      { id: first.id, subscribedByMe: true, subscriberCount: 1, contents: [] },
      { id: second.id, subscribedByMe: false, subscriberCount: 0, contents: [contentId] },
    ])
    expect((await seenBy(owner)).map(({ subscribedByMe }) => subscribedByMe)).toEqual([false, false])
  })

  test('refuses filters that are no ids and sorts that are none, and nobody sees it without a session', async () => {
    const { token } = await api.aUser()
    const page = 'limit=1&sortBy=updatedAt&sortDirection=ASCENDING'
    for (const query of ['ownerIdEqual=x', 'subscriberIdEqual=%00', 'keywordLike=%00', 'sortBy=title'])
      expect(await api.call('GET', `/api/playlists?${page}&${query}`, { token })).toMatchObject(
        refusal(400, 'INVALID_REQUEST'),
      )
    expect((await api.call('GET', `/api/playlists?${page}`)).status).toBe(401)
  })
})
