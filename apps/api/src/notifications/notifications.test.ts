import { afterAll, expect, test } from 'bun:test'
import { newId } from '@mopl/infrastructure/ids'
import { notifications } from '@mopl/infrastructure/tables'
import { eq } from 'drizzle-orm'
import type { NotificationDto } from '@mopl/contracts/realtime'
import type { Page } from '../http/page.ts'
import { openTestApi, type Person, refusal } from '../testing.ts'

const api = await openTestApi()
afterAll(() => api.close())

async function aNotification({ id: receiverId }: Person, title = '새 팔로워'): Promise<string> {
  const id = newId()
  await api.db.insert(notifications).values({ id, eventId: newId(), receiverId, title, content: '내용', level: 'INFO' })
  return id
}

async function unread({ token }: Person): Promise<Page<NotificationDto>> {
  const page = 'limit=10&sortBy=createdAt&sortDirection=ASCENDING'
  const { status, body } = await api.call('GET', `/api/notifications?${page}`, { token })
  expect(status).toBe(200)
  return body as Page<NotificationDto>
}

function markRead({ token }: Person, id: string) {
  return api.call('DELETE', `/api/notifications/${id}`, { token })
}

test('the list has one’s own unread notifications and nobody else’s', async () => {
  const [receiver, other] = [await api.aUser(), await api.aUser()]
  const [first, second] = [await aNotification(receiver, '하나'), await aNotification(receiver, '둘')]
  await aNotification(other)
  const page = await unread(receiver)
  expect(page).toMatchObject({ totalCount: 2, hasNext: false })
  expect(page.data).toEqual(
    [[first, '하나'] as const, [second, '둘'] as const].map(([id, title]) => ({
      id,
      createdAt: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
      receiverId: receiver.id,
      title,
      content: '내용',
      level: 'INFO',
    })),
  )
})

test('a notification marked read is out of the list and stays stored; marking it again keeps when it was read', async () => {
  const receiver = await api.aUser()
  const [gone, stays] = [await aNotification(receiver), await aNotification(receiver)]
  const readAt = async () => (await api.db.select().from(notifications).where(eq(notifications.id, gone)))[0]?.readAt
  expect((await markRead(receiver, gone)).status).toBe(204)
  const first = await readAt()
  expect(first).toBeInstanceOf(Date)
  expect((await markRead(receiver, gone)).status).toBe(204)
  expect(await readAt()).toEqual(first)
  expect((await unread(receiver)).data.map(({ id }) => id)).toEqual([stays])
})

test('another’s notification is 404 like one that is not there, to admins too, and stays unread', async () => {
  const receiver = await api.aUser()
  const id = await aNotification(receiver)
  for (const person of [await api.aUser(), await api.aUser({ role: 'ADMIN' })])
    expect(await markRead(person, id)).toMatchObject(refusal(404, 'NOTIFICATION_NOT_FOUND', {}))
  expect(await markRead(receiver, crypto.randomUUID())).toMatchObject(refusal(404, 'NOTIFICATION_NOT_FOUND', {}))
  expect((await unread(receiver)).totalCount).toBe(1)
})

test('an impossible id is 400, and without a session there is nothing', async () => {
  const receiver = await api.aUser()
  expect(await markRead(receiver, 'x')).toMatchObject(
    refusal(400, 'INVALID_REQUEST', { notificationId: 'UUID 형식이어야 합니다.' }),
  )
  const id = await aNotification(receiver)
  expect((await api.call('DELETE', `/api/notifications/${id}`)).status).toBe(401)
  expect((await api.call('GET', '/api/notifications?limit=1&sortBy=createdAt&sortDirection=ASCENDING')).status).toBe(
    401,
  )
})
