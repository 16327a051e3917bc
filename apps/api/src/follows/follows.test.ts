import { afterAll, describe, expect, test } from 'bun:test'
import { openTestApi, type Person, refusal } from '../testing.ts'
import type { FollowDto } from './schemas.ts'

const api = await openTestApi()
afterAll(() => api.close())

function follow({ token }: Person, followeeId: unknown) {
  return api.call('POST', '/api/follows', { token, json: { followeeId } })
}

async function aFollow(follower: Person, followee: Person): Promise<FollowDto> {
  const { status, body } = await follow(follower, followee.id)
  expect(status).toBe(201)
  return body as FollowDto
}

async function followedByMe({ token }: Person, followeeId: string): Promise<unknown> {
  const { status, body } = await api.call('GET', `/api/follows/followed-by-me?followeeId=${followeeId}`, { token })
  expect(status).toBe(200)
  return body
}

async function followers(followeeId: string): Promise<unknown> {
  const { token } = await api.aUser()
  const { status, body } = await api.call('GET', `/api/follows/count?followeeId=${followeeId}`, { token })
  expect(status).toBe(200)
  return body
}

describe('a new follow', () => {
  test('is answered, told under the followee, seen by its follower alone, and counted', async () => {
    const [follower, followee] = [await api.aUser(), await api.aUser()]
    const dto = await aFollow(follower, followee)
    expect(dto).toEqual({ id: dto.id, followerId: follower.id, followeeId: followee.id })
    expect(await api.eventsOf(followee.id)).toMatchObject([
      {
        type: 'follow.created',
        key: followee.id,
        payload: { followId: dto.id, followerId: follower.id, followeeId: followee.id },
      },
    ])
    expect(await followedByMe(follower, followee.id)).toEqual(dto)
    expect(await followedByMe(followee, follower.id)).toBeNull()
    expect(await followers(followee.id)).toBe(1)
    expect(await followers(follower.id)).toBe(0)
  })

  test('of oneself is 400, of nobody 404, of no id 400', async () => {
    const user = await api.aUser()
    expect(await follow(user, user.id)).toMatchObject(refusal(400, 'SELF_FOLLOW', {}))
    expect(await follow(user, user.id.toUpperCase())).toMatchObject(refusal(400, 'SELF_FOLLOW', {}))
    expect(await follow(user, crypto.randomUUID())).toMatchObject(refusal(404, 'USER_NOT_FOUND', {}))
    for (const followeeId of ['x', '\0', 5, null, undefined])
      expect(await follow(user, followeeId)).toMatchObject(
        refusal(400, 'INVALID_REQUEST', { followeeId: expect.any(String) }),
      )
  })

  test('is refused the second time, and of several at once one stands and is told', async () => {
    const [follower, followee] = [await api.aUser(), await api.aUser()]
    const answers = await Promise.all(Array.from({ length: 4 }, () => follow(follower, followee.id)))
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([201, 409, 409, 409])
    expect(await follow(follower, followee.id)).toMatchObject(refusal(409, 'ALREADY_FOLLOWING', {}))
    expect(await api.eventsOf(followee.id)).toHaveLength(1)
    expect(await followers(followee.id)).toBe(1)
  })
})

describe('the end of a follow', () => {
  test('is told once, also when asked for several times at once, and makes room for a new one', async () => {
    const [follower, followee] = [await api.aUser(), await api.aUser()]
    const { id } = await aFollow(follower, followee)
    const end = () => api.call('DELETE', `/api/follows/${id}`, { token: follower.token })
    const answers = await Promise.all([end(), end(), end()])
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([204, 404, 404])
    expect(await end()).toMatchObject(refusal(404, 'FOLLOW_NOT_FOUND', {}))
    expect((await api.eventsOf(followee.id)).slice(1)).toMatchObject([
      { type: 'follow.deleted', payload: { followId: id, followerId: follower.id, followeeId: followee.id } },
    ])
    expect(await followedByMe(follower, followee.id)).toBeNull()
    expect((await aFollow(follower, followee)).id).not.toBe(id)
  })

  test('cannot be brought about by the followee, an admin or anyone else', async () => {
    const [follower, followee] = [await api.aUser(), await api.aUser()]
    const dto = await aFollow(follower, followee)
    for (const { token } of [followee, await api.aUser(), await api.aUser({ role: 'ADMIN' })])
      expect(await api.call('DELETE', `/api/follows/${dto.id}`, { token })).toMatchObject(refusal(403, 'FORBIDDEN', {}))
    expect(await followedByMe(follower, followee.id)).toEqual(dto)
  })
})

test('nobody is followed by me when nobody is asked about, and everything needs a session', async () => {
  const user = await api.aUser()
  expect(await followedByMe(user, crypto.randomUUID())).toBeNull()
  expect(await followers(crypto.randomUUID())).toBe(0)
  for (const path of ['/api/follows/count', '/api/follows/followed-by-me']) {
    expect(await api.call('GET', path, { token: user.token })).toMatchObject(
      refusal(400, 'INVALID_REQUEST', { followeeId: '필수 값입니다.' }),
    )
    expect((await api.call('GET', `${path}?followeeId=${user.id}`)).status).toBe(401)
  }
  expect((await api.call('POST', '/api/follows', { json: { followeeId: user.id } })).status).toBe(401)
  expect((await api.call('DELETE', `/api/follows/${user.id}`)).status).toBe(401)
})
