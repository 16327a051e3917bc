import { afterAll, expect, test } from 'bun:test'
import { redisKeys } from '@mopl/contracts/redis-keys'
import { newEvent } from '@mopl/infrastructure/events'
import { newId } from '@mopl/infrastructure/ids'
import { notifications } from '@mopl/infrastructure/tables'
import { eventually } from '@mopl/infrastructure/testing'
import { desc, eq, sql } from 'drizzle-orm'
import {
  aContent,
  aFollow,
  aUser,
  createTestSystem,
  emitted,
  notificationOf,
  produced,
  untilJoined,
} from '../testing.ts'

const system = await createTestSystem()
const { db, probe, redis } = system
await system.startWorker()
afterAll(() => system.close())
await untilJoined(db)

test('the followee is told who follows, and a connected one sees it in the event stream once', async () => {
  const [followerId, followeeId] = [await aUser(db, '김철수'), await aUser(db)]
  await redis.xadd(redisKeys.eventStream(followeeId), '*', 'event', 'connected', 'data', '{}')
  const followId = await aFollow(db, followerId, followeeId)
  const event = newEvent('follow.created', followeeId, { followId, followerId, followeeId }, 'r')
  await emitted(db, event)
  const row = await notificationOf(db, followeeId)
  expect(row).toMatchObject({ eventId: event.eventId, content: '김철수님이 회원님을 팔로우하기 시작했습니다.' })
  expect(row.id[14]).toBe('7')

  const entries = async () => await redis.xrange(redisKeys.eventStream(followeeId), '-', '+')
  await eventually('the entry', async () => (await entries()).length === 2)
  await produced(probe, event)
  const other = await aUser(db)
  await produced(probe, newEvent('follow.created', followeeId, { followId, followerId, followeeId: other }, 'r'))
  await notificationOf(db, other)
  const [, entry, ...more] = await entries()
  expect(more).toEqual([])
  expect(entry?.[1].slice(0, 3)).toEqual(['event', 'notifications', 'data'])
  expect(JSON.parse(entry?.[1][3] ?? '')).toEqual({
    id: row.id,
    createdAt: row.createdAt.toISOString(),
    receiverId: followeeId,
    title: row.title,
    content: row.content,
    level: 'INFO',
  })
  await redis.del(redisKeys.eventStream(followeeId))
})

test('a role change, a subscription, a new playlist, an added content and the start of watching reach those they concern', async () => {
  const [ownerId, fanId, contentId] = [await aUser(db, '이영희'), await aUser(db, '박민수'), await aContent(db, '괴물')]
  await aFollow(db, fanId, ownerId)
  const playlistId = newId()
  await db.execute(
    sql`insert into playlists (id, owner_id, title, description) values (${playlistId}, ${ownerId}, '주말', '')`,
  )
  await db.execute(
    sql`insert into playlist_subscriptions (playlist_id, subscriber_id) values (${playlistId}, ${fanId})`,
  )
  const session = { watchingSessionId: newId(), contentId, watcherId: ownerId, startedAt: new Date().toISOString() }

  await emitted(db, newEvent('user.role-changed', ownerId, { userId: ownerId, oldRole: 'USER', newRole: 'ADMIN' }, 'r'))
  await emitted(db, newEvent('playlist.created', playlistId, { playlistId, ownerId }, 'r'))
  await emitted(db, newEvent('playlist.subscribed', playlistId, { playlistId, ownerId, subscriberId: fanId }, 'r'))
  await emitted(db, newEvent('playlist.content-added', playlistId, { playlistId, ownerId, contentId }, 'r'))
  await produced(probe, newEvent('watching-session.started', contentId, { ...session, watcherCount: 1 }, 'r'))

  const textsOf = async (receiverId: string) => {
    const rows = await db
      .select()
      .from(notifications)
      .where(eq(notifications.receiverId, receiverId))
      .orderBy(desc(notifications.id))
    return rows.map(({ content }) => content).toSorted()
  }
  await eventually(
    'all of them',
    async () => (await textsOf(ownerId)).length === 2 && (await textsOf(fanId)).length === 3,
  )
  expect(await textsOf(ownerId)).toEqual([
    "박민수님이 '주말' 플레이리스트를 구독했습니다.",
    '이영희님의 권한이 일반 사용자에서 관리자(으)로 변경되었습니다.',
  ])
  expect(await textsOf(fanId)).toEqual([
    "이영희님이 '괴물' 콘텐츠를 시청하기 시작했습니다.",
    "이영희님이 '주말' 플레이리스트를 만들었습니다.",
    "이영희님이 '주말' 플레이리스트에 '괴물' 콘텐츠를 추가했습니다.",
  ])
})
