import { afterAll, describe, expect, test } from 'bun:test'
import { redisKeys } from '@mopl/contracts/redis-keys'
import { newId } from '@mopl/infrastructure/ids'
import { openRedis } from '@mopl/infrastructure/redis'
import { conversationParticipants, conversations, directMessages, users } from '@mopl/infrastructure/tables'
import { freePort } from '@mopl/infrastructure/testing'
import { eq } from 'drizzle-orm'
import pino from 'pino'
import type { Page } from '../http/page.ts'
import { type Answer, openTestApi, type Person, refusal } from '../testing.ts'
import type { ConversationDto } from './schemas.ts'

const api = await openTestApi()
afterAll(() => api.close())

function begin({ token }: Person, withUserId: unknown): Promise<Answer> {
  return api.call('POST', '/api/conversations', { token, json: { withUserId } })
}

async function aConversation(one: Person, two: Person): Promise<ConversationDto> {
  const { status, body } = await begin(one, two.id)
  expect(status).toBe(200)
  return body as ConversationDto
}

async function say(conversationId: string, from: Person, to: Person, content: string): Promise<string> {
  const id = newId()
  await api.db.insert(directMessages).values({ id, conversationId, senderId: from.id, receiverId: to.id, content })
  return id
}

async function list({ token }: Person, keywordLike?: string): Promise<ConversationDto[]> {
  const page = new URLSearchParams({ limit: '50', sortBy: 'createdAt', sortDirection: 'ASCENDING' })
  if (keywordLike !== undefined) page.set('keywordLike', keywordLike)
  const { status, body } = await api.call('GET', `/api/conversations?${page.toString()}`, { token })
  expect(status).toBe(200)
  return (body as Page<ConversationDto>).data
}

describe('a new conversation', () => {
  test('is with the other one, without a message and without anything unread', async () => {
    const [one, two] = [await api.aUser({ name: '하나' }), await api.aUser({ name: '둘이' })]
    await api.db.update(users).set({ profileImageKey: 'ab/ab.png' }).where(eq(users.id, two.id))
    const dto = await aConversation(one, two)
    expect(dto).toEqual({
      id: dto.id,
      with: { userId: two.id, name: '둘이', profileImageUrl: '/media/ab/ab.png' },
      lastestMessage: null,
      hasUnread: false,
    })
    const { body } = await api.call('GET', `/api/conversations/${dto.id}`, { token: two.token })
    expect(body).toEqual({ ...dto, with: { userId: one.id, name: '하나' } })
  })

  test('is the one there is, whoever asks again', async () => {
    const [one, two] = [await api.aUser(), await api.aUser()]
    const { id } = await aConversation(one, two)
    expect((await aConversation(one, two)).id).toBe(id)
    expect((await aConversation(two, one)).id).toBe(id)
    for (const [me, other] of [
      [one, two],
      [two, one],
    ] as const)
      expect(await api.call('GET', `/api/conversations/with?userId=${other.id}`, { token: me.token })).toMatchObject({
        status: 200,
        body: { id, with: { userId: other.id } },
      })
  })

  test('is one, with two participants, when both begin it several times at once', async () => {
    const [one, two] = [await api.aUser(), await api.aUser()]
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? begin(one, two.id) : begin(two, one.id))),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200))
    const ids = new Set(answers.map(({ body }) => (body as ConversationDto).id))
    expect(ids.size).toBe(1)
    const [id] = ids
    const participants = await api.db
      .select()
      .from(conversationParticipants)
      .where(eq(conversationParticipants.conversationId, id!))
    expect(participants.map(({ userId }) => userId).sort()).toEqual([one.id, two.id].sort())
    const [conversation] = await api.db.select().from(conversations).where(eq(conversations.id, id!))
    for (const { createdAt } of participants) expect(createdAt).toEqual(conversation!.createdAt)
  })

  test('with oneself is 400, with nobody 404, with no id 400', async () => {
    const user = await api.aUser()
    expect(await begin(user, user.id)).toMatchObject(refusal(400, 'SELF_CONVERSATION', {}))
    expect(await begin(user, crypto.randomUUID())).toMatchObject(refusal(404, 'USER_NOT_FOUND', {}))
    // Both ends of the order of ids, which decides the foreign key that is broken.
    for (const nobody of ['00000000-0000-7000-8000-000000000000', 'ffffffff-ffff-7fff-bfff-ffffffffffff'])
      expect(await begin(user, nobody)).toMatchObject(refusal(404, 'USER_NOT_FOUND', {}))
    for (const withUserId of ['x', '\0', 1, undefined])
      expect(await begin(user, withUserId)).toMatchObject(
        refusal(400, 'INVALID_REQUEST', { withUserId: expect.any(String) }),
      )
  })

  test('tells the socket who takes part', async () => {
    const [one, two] = [await api.aUser(), await api.aUser()]
    const { id } = await aConversation(one, two)
    const key = redisKeys.participantsCache(id)
    const known = async () => (await api.redis.get(key))?.split('|').sort()
    expect(await known()).toEqual([one.id, two.id].sort())
    await api.redis.del(key)
    await api.call('GET', `/api/conversations/${id}`, { token: two.token })
    expect(await known()).toEqual([one.id, two.id].sort())
    expect(await api.redis.ttl(key)).toBeGreaterThan(0)
  })
})

test('a conversation shows its last message to both, and to the receiver that something is unread', async () => {
  const [one, two] = [await api.aUser({ name: '하나' }), await api.aUser({ name: '둘이' })]
  const { id } = await aConversation(one, two)
  await say(id, two, one, '먼저')
  const last = await say(id, one, two, '나중')
  const lastestMessage = {
    id: last,
    conversationId: id,
    createdAt: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
    sender: { userId: one.id, name: '하나' },
    receiver: { userId: two.id, name: '둘이' },
    content: '나중',
  }
  expect(await list(two)).toEqual([{ id, with: { userId: one.id, name: '하나' }, lastestMessage, hasUnread: true }])
  await api.db.update(directMessages).set({ readAt: new Date() }).where(eq(directMessages.receiverId, one.id))
  expect(await list(one)).toEqual([{ id, with: { userId: two.id, name: '둘이' }, lastestMessage, hasUnread: false }])
})

test('a conversation does not exist for anyone else, admins included', async () => {
  const [one, two] = [await api.aUser(), await api.aUser()]
  const { id } = await aConversation(one, two)
  const message = await say(id, one, two, '비밀')
  const page = 'limit=1&sortBy=createdAt&sortDirection=ASCENDING'
  for (const stranger of [await api.aUser(), await api.aUser({ role: 'ADMIN' })]) {
    const { token } = stranger
    for (const answer of [
      await api.call('GET', `/api/conversations/${id}`, { token }),
      await api.call('GET', `/api/conversations/${id}/direct-messages?${page}`, { token }),
      await api.call('POST', `/api/conversations/${id}/direct-messages/${message}/read`, { token }),
      await api.call('GET', `/api/conversations/with?userId=${one.id}`, { token }),
      await api.call('GET', `/api/conversations/${crypto.randomUUID()}`, { token }),
    ])
      expect(answer).toMatchObject(refusal(404, 'CONVERSATION_NOT_FOUND', {}))
    expect(await list(stranger)).toEqual([])
    expect(await list(stranger, '비밀')).toEqual([])
  }
})

test('there is no conversation with oneself, with nobody, or with whom none was begun', async () => {
  const [one, two] = [await api.aUser(), await api.aUser()]
  for (const userId of [one.id, two.id, crypto.randomUUID()])
    expect(await api.call('GET', `/api/conversations/with?userId=${userId}`, { token: one.token })).toMatchObject(
      refusal(404, 'CONVERSATION_NOT_FOUND', {}),
    )
  for (const [path, field] of [
    ['with', 'userId'],
    ['with?userId=x', 'userId'],
    ['x', 'conversationId'],
  ] as const)
    expect(await api.call('GET', `/api/conversations/${path}`, { token: one.token })).toMatchObject(
      refusal(400, 'INVALID_REQUEST', { [field]: expect.any(String) }),
    )
})

test('a search finds conversations by the other’s name and by any message, of one’s own only', async () => {
  const me = await api.aUser({ name: '나자신' })
  const [cat, dog] = [await api.aUser({ name: '고양이' }), await api.aUser({ name: 'Dog 100%' })]
  const [withCat, withDog] = [await aConversation(me, cat), await aConversation(me, dog)]
  const between = await aConversation(cat, dog)
  await say(withCat.id, me, cat, '내일 영화 볼래?')
  await say(withCat.id, cat, me, '좋아')
  await say(between.id, dog, cat, '영화 말고 축구')
  const found = async (keyword: string) => (await list(me, keyword)).map(({ id }) => id)
  expect(await found('양이')).toEqual([withCat.id])
  expect(await found('dOG')).toEqual([withDog.id])
  expect(await found('0%')).toEqual([withDog.id])
  expect(await found('영화')).toEqual([withCat.id])
  expect(await found('축구')).toEqual([])
  expect(await found('좋')).toEqual([withCat.id])
  expect(await found('나자신')).toEqual([])
  expect(await list(cat, '영화')).toHaveLength(2)
})

test('without Redis a conversation is begun all the same: the socket will ask', async () => {
  const log = pino({ level: 'silent' })
  const dead = openRedis({ url: `redis://127.0.0.1:${await freePort()}`, name: 'nowhere', log })
  const alone = await openTestApi(() => ({ redis: dead.redis }))
  const [one, two] = [await alone.aUser(), await alone.aUser()]
  const { status } = await alone.call('POST', '/api/conversations', { token: one.token, json: { withUserId: two.id } })
  expect(status).toBe(200)
  expect(alone.lines.join('')).toContain('participants not cached')
  await Promise.all([alone.close(), dead.close()])
})

test('nothing of conversations is there without a session', async () => {
  for (const path of ['', '/with', `/${newId()}`, `/${newId()}/direct-messages`])
    expect((await api.call('GET', `/api/conversations${path}`)).status).toBe(401)
  expect((await api.call('POST', '/api/conversations', { json: { withUserId: newId() } })).status).toBe(401)
})
