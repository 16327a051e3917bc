import { afterAll, describe, expect, test } from 'bun:test'
import type { RoomMember, WatchingSessionDto } from '@mopl/contracts/realtime'
import { redisKeys } from '@mopl/contracts/redis-keys'
import { newId, timeOfId } from '@mopl/infrastructure/ids'
import { contents } from '@mopl/infrastructure/tables'
import { eq } from 'drizzle-orm'
import type { Direction, Page } from '../http/page.ts'
import { openTestApi, refusal } from '../testing.ts'

const api = await openTestApi()
afterAll(() => api.close())
const { token } = await api.aUser()

/** Joins as the socket does it. */
async function join(contentId: string, name: string, userId: string = newId()): Promise<RoomMember> {
  const id = newId()
  const member = { id, createdAt: timeOfId(id).toISOString(), watcher: { userId, name } }
  await api.redis
    .multi()
    .hset(redisKeys.room(contentId), userId, JSON.stringify(member))
    .zadd(redisKeys.roomSince(contentId), 0, `${id}:${userId}`)
    .hset(redisKeys.watching(userId), { contentId, sessionId: id })
    .exec()
  return member
}

async function pageOf(contentId: string, query: Record<string, string>): Promise<Page<WatchingSessionDto>> {
  const params = new URLSearchParams({ limit: '3', sortBy: 'createdAt', sortDirection: 'ASCENDING', ...query })
  const { status, body } = await api.call('GET', `/api/contents/${contentId}/watching-sessions?${params.toString()}`, {
    token,
  })
  expect({ status, body }).toMatchObject({ status: 200 })
  return body as Page<WatchingSessionDto>
}

async function walk(contentId: string, query: Record<string, string>): Promise<string[]> {
  const ids: string[] = []
  let position: Record<string, string> = {}
  for (;;) {
    const { data, nextCursor, nextIdAfter } = await pageOf(contentId, { ...query, ...position })
    ids.push(...data.map(({ id }) => id))
    if (nextCursor === null || nextIdAfter === null) return ids
    position = { cursor: nextCursor, idAfter: nextIdAfter }
  }
}

describe('who watches a content', () => {
  test.each<Direction>(['ASCENDING', 'DESCENDING'])(
    'is walked %s, everyone once, also within one millisecond',
    async (sortDirection) => {
      const contentId = await api.aContent()
      const members: RoomMember[] = []
      for (let index = 0; index < 11; index += 1) members.push(await join(contentId, `시청자 ${index}`))
      const ids = members.map(({ id }) => id)
      expect(await walk(contentId, { sortDirection })).toEqual(sortDirection === 'ASCENDING' ? ids : ids.toReversed())
    },
  )

  test('is shown with the content and the count of all', async () => {
    const contentId = await api.aContent({ title: '기생충' })
    const [first] = [await join(contentId, 'A'), await join(contentId, 'B')]
    const page = await pageOf(contentId, { limit: '1' })
    expect(page).toEqual({
      data: [{ ...first, content: expect.objectContaining({ id: contentId, title: '기생충', tags: [] }) }],
      nextCursor: first.createdAt,
      nextIdAfter: first.id,
      hasNext: true,
      totalCount: 2,
      sortBy: 'createdAt',
      sortDirection: 'ASCENDING',
    })
    expect(page.data[0]?.content).not.toHaveProperty('watcherCount')
  })

  test('is filtered by a part of the name, whatever its case, and walked so', async () => {
    const contentId = await api.aContent()
    const wanted: string[] = []
    for (let index = 0; index < 8; index += 1) {
      const { id } = await join(contentId, index % 2 === 0 ? `Kim ${index}` : `Lee ${index}`)
      if (index % 2 === 0) wanted.push(id)
    }
    expect(await walk(contentId, { watcherNameLike: 'kIM' })).toEqual(wanted)
    expect(await walk(contentId, { watcherNameLike: 'kim', sortDirection: 'DESCENDING' })).toEqual(wanted.toReversed())
    expect(await pageOf(contentId, { watcherNameLike: 'Kim' })).toMatchObject({ totalCount: 4, hasNext: true })
  })

  test('is nobody in an empty room, and 404 of an unknown content', async () => {
    expect(await pageOf(await api.aContent(), {})).toMatchObject({ data: [], totalCount: 0, hasNext: false })
    const path = `/api/contents/${crypto.randomUUID()}/watching-sessions`
    const query = 'limit=1&sortBy=createdAt&sortDirection=ASCENDING'
    expect(await api.call('GET', `${path}?${query}`, { token })).toMatchObject(refusal(404, 'CONTENT_NOT_FOUND'))
    expect(await api.call('GET', `${path}?${query}&cursor=x&idAfter=${newId()}`, { token })).toMatchObject(
      refusal(400, 'INVALID_REQUEST', { cursor: '올바르지 않은 커서입니다.' }),
    )
  })
})

describe('what a user watches', () => {
  test('is one session, the same as in the room', async () => {
    const [contentId, userId] = [await api.aContent(), newId()]
    const member = await join(contentId, 'A', userId)
    const { status, body } = await api.call('GET', `/api/users/${userId}/watching-sessions`, { token })
    expect(status).toBe(200)
    expect(body).toMatchObject({ ...member, content: { id: contentId } })
  })

  test('is null when it is nothing, when the room knows nothing of it, and when the content is gone', async () => {
    const watching = (userId: string) => api.call('GET', `/api/users/${userId}/watching-sessions`, { token })
    expect(await watching(newId())).toMatchObject({ status: 200, body: null })
    const [left, orphaned, contentId] = [newId(), newId(), await api.aContent()]
    await api.redis.hset(redisKeys.watching(left), { contentId, sessionId: newId() })
    expect((await watching(left)).body).toBeNull()
    await join(contentId, 'A', orphaned)
    await api.db.delete(contents).where(eq(contents.id, contentId))
    expect((await watching(orphaned)).body).toBeNull()
  })
})
