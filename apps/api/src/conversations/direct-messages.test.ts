import { afterAll, describe, expect, test } from 'bun:test'
import { newId } from '@mopl/infrastructure/ids'
import type { DirectMessageDto } from '@mopl/contracts/realtime'
import { directMessages } from '@mopl/infrastructure/tables'
import { and, eq, isNull } from 'drizzle-orm'
import type { Page } from '../http/page.ts'
import { openTestApi, type Person, refusal } from '../testing.ts'
import type { ConversationDto } from './schemas.ts'

const api = await openTestApi()
afterAll(() => api.close())
const [one, two] = [await api.aUser({ name: '하나' }), await api.aUser({ name: '둘이' })]

/** A new conversation of `one` with somebody new. */
async function aConversation(): Promise<{ id: string; other: Person }> {
  const other = await api.aUser({ name: '셋이' })
  const json = { withUserId: other.id }
  const { body } = await api.call('POST', '/api/conversations', { token: one.token, json })
  return { id: (body as ConversationDto).id, other }
}

async function say(conversationId: string, from: Person, to: Person, at?: string): Promise<string> {
  const id = newId()
  const message = { id, conversationId, senderId: from.id, receiverId: to.id, content: '안녕' }
  await api.db.insert(directMessages).values({ ...message, ...(at !== undefined && { createdAt: new Date(at) }) })
  return id
}

function markRead({ token }: Person, conversationId: string, messageId: string) {
  return api.call('POST', `/api/conversations/${conversationId}/direct-messages/${messageId}/read`, { token })
}

async function unreadOf({ id }: Person, conversationId: string): Promise<string[]> {
  const rows = await api.db
    .select({ id: directMessages.id })
    .from(directMessages)
    .where(
      and(
        eq(directMessages.conversationId, conversationId),
        eq(directMessages.receiverId, id),
        isNull(directMessages.readAt),
      ),
    )
  return rows.map((row) => row.id).sort()
}

test('both participants read the same messages, each with its sender and receiver', async () => {
  const { id, other } = await aConversation()
  const elsewhere = await aConversation()
  await say(elsewhere.id, one, elsewhere.other)
  const [first, second] = [await say(id, one, other), await say(id, other, one)]
  const page = 'limit=10&sortBy=createdAt&sortDirection=DESCENDING'
  for (const { token } of [one, other]) {
    const { status, body } = await api.call('GET', `/api/conversations/${id}/direct-messages?${page}`, { token })
    const { data, totalCount } = body as Page<DirectMessageDto>
    expect({ status, totalCount }).toEqual({ status: 200, totalCount: 2 })
    expect(data.map((message) => message.id)).toEqual([second, first])
    expect(data[0]).toEqual({
      id: second,
      conversationId: id,
      createdAt: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
      sender: { userId: other.id, name: '셋이' },
      receiver: { userId: one.id, name: '하나' },
      content: '안녕',
    })
  }
})

describe('marking a message read', () => {
  test('marks it and all before it, by time and then by id, and nothing after it', async () => {
    const { id, other } = await aConversation()
    const moments = ['2026-01-01T00:00:00.002Z', '2026-01-01T00:00:00.001Z', '2026-01-01T00:00:00.002Z']
    const ids: string[] = []
    for (const moment of moments) ids.push(await say(id, other, one, moment))
    const later = await say(id, other, one, '2026-01-01T00:00:00.003Z')
    const { status, body } = await markRead(one, id, ids[0]!)
    expect({ status, body }).toEqual({ status: 200, body: '' })
    expect(await unreadOf(one, id)).toEqual([ids[2]!, later].sort())
    await markRead(one, id, later)
    expect(await unreadOf(one, id)).toEqual([])
  })

  test('leaves what the other has not read, and is told by hasUnread', async () => {
    const { id, other } = await aConversation()
    const mine = await say(id, one, other)
    const theirs = await say(id, other, one)
    const hasUnread = async ({ token }: Person) =>
      ((await api.call('GET', `/api/conversations/${id}`, { token })).body as ConversationDto).hasUnread
    expect([await hasUnread(one), await hasUnread(other)]).toEqual([true, true])
    await markRead(one, id, theirs)
    expect(await unreadOf(other, id)).toEqual([mine])
    expect([await hasUnread(one), await hasUnread(other)]).toEqual([false, true])
  })

  test('again, or several times at once, is as good as once and keeps when it was read', async () => {
    const { id, other } = await aConversation()
    const ids: string[] = []
    for (let count = 0; count < 20; count++) ids.push(await say(id, other, one))
    const answers = await Promise.all(ids.map((message) => markRead(one, id, message)))
    expect(answers.map(({ status }) => status)).toEqual(ids.map(() => 200))
    expect(await unreadOf(one, id)).toEqual([])
    const readTimes = async () =>
      (await api.db.select().from(directMessages).where(eq(directMessages.conversationId, id))).map(
        ({ readAt }) => readAt,
      )
    const before = await readTimes()
    expect((await markRead(one, id, ids[5]!)).status).toBe(200)
    expect(await readTimes()).toEqual(before)
  })

  test('is for its receiver: 403 to its sender, 404 to anyone else and in any other conversation', async () => {
    const { id, other } = await aConversation()
    const message = await say(id, other, one)
    expect(await markRead(other, id, message)).toMatchObject(refusal(403, 'FORBIDDEN', {}))
    expect(await markRead(two, id, message)).toMatchObject(refusal(404, 'CONVERSATION_NOT_FOUND', {}))
    const elsewhere = await aConversation()
    expect(await markRead(one, elsewhere.id, message)).toMatchObject(refusal(404, 'MESSAGE_NOT_FOUND', {}))
    expect(await markRead(one, id, crypto.randomUUID())).toMatchObject(refusal(404, 'MESSAGE_NOT_FOUND', {}))
    expect(await markRead(one, crypto.randomUUID(), message)).toMatchObject(refusal(404, 'CONVERSATION_NOT_FOUND', {}))
    expect(await markRead(one, id, 'x')).toMatchObject(
      refusal(400, 'INVALID_REQUEST', { directMessageId: expect.any(String) }),
    )
    expect(await unreadOf(one, id)).toEqual([message])
  })
})
