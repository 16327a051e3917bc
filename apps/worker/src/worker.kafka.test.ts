import { afterAll, describe, expect, test } from 'bun:test'
import { channels, redisKeys } from '@mopl/contracts/redis-keys'
import { deadLetterTopic, topics } from '@mopl/contracts/topics'
import { newId } from '@mopl/infrastructure/ids'
import { newEvent } from '@mopl/infrastructure/events'
import { notifications } from '@mopl/infrastructure/tables'
import { eventually, testEnv } from '@mopl/infrastructure/testing'
import { desc, eq, sql } from 'drizzle-orm'
import { Redis } from 'ioredis'
import {
  aContent,
  aConversation,
  aFollow,
  aReview,
  aUser,
  createTestSystem,
  emitted,
  metricOf,
  produced,
  ratingOf,
} from './testing.ts'

const system = await createTestSystem()
const { db, probe } = system
const worker = await system.startWorker()
const redis = new Redis(testEnv('REDIS_URL'))
const dead = await probe.consume([deadLetterTopic(topics.review, 'mopl-ratings')])

afterAll(async () => {
  redis.disconnect()
  await system.close()
})

/** Waits until the groups have been joined, which takes seconds. */
const warm = await aContent(db)
await emitted(db, aReview(warm, 1))
await eventually('the first review counted', async () => (await ratingOf(db, warm)).count === 1, 20_000)

const notificationOf = (receiverId: string) =>
  eventually(`a notification of ${receiverId}`, async () => {
    const [row] = await db.select().from(notifications).where(eq(notifications.receiverId, receiverId))
    return row
  })

describe('ratings', () => {
  test('a review in the outbox reaches the average within a second', async () => {
    const contentId = await aContent(db)
    const startedAt = performance.now()
    await emitted(db, aReview(contentId, 4.5))
    await emitted(db, aReview(contentId, 2))
    await eventually('both counted', async () => (await ratingOf(db, contentId)).count === 2)
    expect(performance.now() - startedAt).toBeLessThan(1_000)
    expect(await ratingOf(db, contentId)).toEqual({ count: 2, sum: 6.5, average: 3.25 })
  })

  test('an update and a deletion move the average by what they change', async () => {
    const contentId = await aContent(db)
    const review = await emitted(db, aReview(contentId, 1))
    await emitted(db, aReview(contentId, 3))
    const { reviewId, authorId } = review.payload
    const changed = { reviewId, contentId, authorId, oldRating: 1, newRating: 4.1 }
    await emitted(db, newEvent('review.updated', contentId, changed, 'r'))
    await eventually('the update', async () => (await ratingOf(db, contentId)).sum === 7.1)
    await emitted(db, newEvent('review.deleted', contentId, { reviewId, contentId, authorId, rating: 4.1 }, 'r'))
    await eventually('the deletion', async () => (await ratingOf(db, contentId)).count === 1)
    expect(await ratingOf(db, contentId)).toEqual({ count: 1, sum: 3, average: 3 })
  })

  test('an event that comes twice counts once', async () => {
    const contentId = await aContent(db)
    const review = aReview(contentId, 5)
    await produced(probe, review)
    await produced(probe, review)
    await produced(probe, aReview(contentId, 1))
    await eventually('the last one', async () => (await ratingOf(db, contentId)).sum === 6)
    expect((await ratingOf(db, contentId)).count).toBe(2)
  })

  test('a review of a content that is gone changes nothing and holds nothing up', async () => {
    const contentId = await aContent(db)
    await emitted(db, aReview(newId(), 5))
    await emitted(db, aReview(contentId, 5))
    await eventually('the next one', async () => (await ratingOf(db, contentId)).count === 1)
    expect(dead.messages).toEqual([])
  })

  test('the request id of the api stands in the log line of the effect', async () => {
    const contentId = await aContent(db)
    const requestId = `request-${newId()}`
    await emitted(db, aReview(contentId, 5, requestId))
    const line = await eventually('the line', () =>
      worker
        .output()
        .split('\n')
        .find((text) => text.includes(requestId)),
    )
    expect(JSON.parse(line)).toMatchObject({ msg: 'events handled', consumer: 'mopl-ratings' })
  })
})

describe('what cannot be handled', () => {
  test('an unknown type and a newer version are skipped and counted', async () => {
    const contentId = await aContent(db)
    const skipped = async () => (await metricOf(worker, 'mopl_worker_events_skipped_total', 'mopl-ratings')) ?? 0
    const before = await skipped()
    const event = aReview(contentId, 5)
    for (const stranger of [
      { ...event, type: 'review.praised' },
      { ...event, version: 2 },
    ])
      await probe.produce({ topic: topics.review, key: contentId, value: JSON.stringify(stranger) })
    await produced(probe, aReview(contentId, 1))
    await eventually('the known one', async () => (await ratingOf(db, contentId)).count === 1)
    expect(await skipped()).toBe(before + 2)
    expect(dead.messages).toEqual([])
  })

  test('what cannot be parsed goes to the dead letters at once, as it came', async () => {
    const contentId = await aContent(db)
    const headers = { eventId: 'e1', 'dlq-error': 'of an earlier death' }
    await probe.produce({ topic: topics.review, key: contentId, value: '{"not": "an event"', headers })
    await emitted(db, aReview(contentId, 2))
    const letter = await eventually('the dead letter', () => dead.messages.find(({ key }) => key === contentId))
    expect(letter.value).toBe('{"not": "an event"')
    expect(letter.headers).toMatchObject({
      eventId: 'e1',
      'dlq-topic': topics.review,
      'dlq-group': 'mopl-ratings',
      'dlq-attempts': '1',
    })
    expect(letter.headers['dlq-error']).toContain('JSON')
    expect(letter.headers['dlq-partition']).toMatch(/^\d+$/)
    expect(letter.headers['dlq-offset']).toMatch(/^\d+$/)
    await eventually('the one behind it', async () => (await ratingOf(db, contentId)).count === 1)
  })

  test('an event whose effect is impossible is tried again, then put aside; those beside it have their effect', async () => {
    const [contentId, impossible] = [await aContent(db), await aContent(db)]
    const payload = { reviewId: newId(), contentId: impossible, authorId: newId(), rating: 5 }
    const poison = newEvent('review.deleted', impossible, payload, 'r')
    await emitted(db, poison)
    await emitted(db, aReview(contentId, 3))
    const letter = await eventually(
      'the dead letter',
      () => dead.messages.find(({ key }) => key === impossible),
      20_000,
    )
    expect(JSON.parse(letter.value)).toEqual(poison)
    expect(letter.headers['dlq-error']).toContain('ck_contents_')
    expect(Number(letter.headers['dlq-attempts'])).toBeGreaterThanOrEqual(4)
    await eventually('the one beside it', async () => (await ratingOf(db, contentId)).count === 1)
    expect(await metricOf(worker, 'mopl_worker_dead_lettered_total', 'mopl-ratings', 'reason="failed"')).toBe(1)
  }, 30_000)
})

describe('watching', () => {
  test('the last count wins; the session is a row that starts and ends', async () => {
    const [contentId, watcherId] = [await aContent(db), await aUser(db)]
    const session = { watchingSessionId: newId(), contentId, watcherId, startedAt: new Date().toISOString() }
    const started = newEvent('watching-session.started', contentId, { ...session, watcherCount: 7 }, 'r')
    await produced(probe, started)
    const countOf = async () => {
      const { rows } = await db.execute<{ n: number }>(
        sql`select watcher_count as n from contents where id = ${contentId}`,
      )
      return rows[0]?.n
    }
    await eventually('the first count', async () => (await countOf()) === 7)
    const ended = newEvent('watching-session.ended', contentId, { ...session, watcherCount: 6 }, 'r')
    await produced(probe, ended)
    await eventually('the second count', async () => (await countOf()) === 6)
    const { rows } = await db.execute<{ ended: string }>(sql`
      select ended_at = ${ended.occurredAt} as ended from watching_sessions where id = ${session.watchingSessionId}`)
    expect(rows).toEqual([{ ended: true }] as never)
  })

  test('the latest count wins, in whatever order the instances of the socket publish', async () => {
    const [contentId, watcherId] = [await aContent(db), await aUser(db)]
    const startedAt = new Date().toISOString()
    const started = (watcherCount: number, revision?: number) => {
      const session = { watchingSessionId: newId(), contentId, watcherId, startedAt, watcherCount }
      return newEvent('watching-session.started', contentId, revision ? { ...session, revision } : session, 'r')
    }
    // One instance's event comes late, in a batch of its own and beside another.
    const state = async () => {
      const { rows } = await db.execute<{ count: number; sessions: number }>(sql`
        select watcher_count as count, (select count(*)::integer from watching_sessions where content_id = contents.id) as sessions
        from contents where id = ${contentId}`)
      return rows[0]
    }
    const become = async (count: number, sessions: number) =>
      eventually('the state', async () => Bun.deepEquals(await state(), { count, sessions }))
    await produced(probe, started(3, 1_000_003))
    await become(3, 1)
    await produced(probe, started(1, 1_000_001))
    await become(3, 2)
    await produced(probe, started(5, 1_000_005))
    await produced(probe, started(4, 1_000_004))
    await become(5, 4)
    // An instance of the version before says none.
    await produced(probe, started(7))
    await become(7, 5)
  })
})

describe('notifications', () => {
  test('the followee is told who follows, and a connected one sees it in the event stream once', async () => {
    const [followerId, followeeId] = [await aUser(db, '김철수'), await aUser(db)]
    await redis.xadd(redisKeys.eventStream(followeeId), '*', 'event', 'connected', 'data', '{}')
    const followId = await aFollow(db, followerId, followeeId)
    const event = newEvent('follow.created', followeeId, { followId, followerId, followeeId }, 'r')
    await emitted(db, event)
    const row = await notificationOf(followeeId)
    expect(row).toMatchObject({ eventId: event.eventId, content: '김철수님이 회원님을 팔로우하기 시작했습니다.' })
    expect(row.id[14]).toBe('7')

    const entries = async () => await redis.xrange(redisKeys.eventStream(followeeId), '-', '+')
    await eventually('the entry', async () => (await entries()).length === 2)
    await produced(probe, event)
    const other = await aUser(db)
    await produced(probe, newEvent('follow.created', followeeId, { followId, followerId, followeeId: other }, 'r'))
    await notificationOf(other)
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
    const [ownerId, fanId, contentId] = [
      await aUser(db, '이영희'),
      await aUser(db, '박민수'),
      await aContent(db, '괴물'),
    ]
    await aFollow(db, fanId, ownerId)
    const playlistId = newId()
    await db.execute(
      sql`insert into playlists (id, owner_id, title, description) values (${playlistId}, ${ownerId}, '주말', '')`,
    )
    await db.execute(
      sql`insert into playlist_subscriptions (playlist_id, subscriber_id) values (${playlistId}, ${fanId})`,
    )
    const session = { watchingSessionId: newId(), contentId, watcherId: ownerId, startedAt: new Date().toISOString() }

    await emitted(
      db,
      newEvent('user.role-changed', ownerId, { userId: ownerId, oldRole: 'USER', newRole: 'ADMIN' }, 'r'),
    )
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
})

describe('direct messages', () => {
  const aMessage = (conversation: Awaited<ReturnType<typeof aConversation>>, content: string) =>
    newEvent('direct-message.sent', conversation.conversationId, { ...conversation, messageId: newId(), content }, 'r')

  test('a message is stored once, shown in the conversation, and told to a receiver who is elsewhere', async () => {
    const conversation = await aConversation(db, await aUser(db, '보낸이'), await aUser(db, '받는이'))
    const listener = redis.duplicate()
    const heard: string[] = []
    await listener.ssubscribe(channels.conversation(conversation.conversationId))
    listener.on('smessage', (_channel: string, message: string) => heard.push(message))
    await redis.xadd(redisKeys.eventStream(conversation.receiverId), '*', 'event', 'connected', 'data', '{}')

    const message = await produced(probe, aMessage(conversation, '안녕하세요'))
    await eventually('it in the conversation', () => heard.length === 1)
    const dto = {
      id: message.payload.messageId,
      conversationId: conversation.conversationId,
      createdAt: message.occurredAt,
      sender: { userId: conversation.senderId, name: '보낸이' },
      receiver: { userId: conversation.receiverId, name: '받는이' },
      content: '안녕하세요',
    }
    expect(JSON.parse(heard[0]!)).toEqual(dto)
    expect(await notificationOf(conversation.receiverId)).toMatchObject({
      title: '보낸이님의 새 메시지',
      content: '안녕하세요',
    })
    const entries = await eventually('both events', async () => {
      const all = await redis.xrange(redisKeys.eventStream(conversation.receiverId), '-', '+')
      return all.length === 3 && all
    })
    expect(entries.slice(1).map(([, fields]) => fields[1])).toEqual(['direct-messages', 'notifications'])
    expect(JSON.parse(entries[1]?.[1][3] ?? '')).toEqual(dto)
    listener.disconnect()
    await redis.del(redisKeys.eventStream(conversation.receiverId))
  })

  test('a message that cannot be stored is put aside, even one that speaks of outages, and holds nothing up', async () => {
    const letters = await probe.consume([deadLetterTopic(topics.directMessage, 'mopl-direct-messages')])
    const conversation = await aConversation(db, await aUser(db), await aUser(db))
    const poison = await produced(probe, aMessage(conversation, '\0 connect ECONNREFUSED, Command timed out'))
    await produced(probe, aMessage(conversation, '그 다음'))
    const letter = await eventually(
      'the dead letter',
      () => letters.messages.find(({ key }) => key === conversation.conversationId),
      20_000,
    )
    expect(JSON.parse(letter.value)).toEqual(poison)
    expect(await notificationOf(conversation.receiverId)).toMatchObject({ content: '그 다음' })
  }, 40_000)

  test('a receiver who has the conversation open is told there and nowhere else', async () => {
    const conversation = await aConversation(db, await aUser(db, '보낸이'), await aUser(db, '받는이'))
    const open = redisKeys.openConversation(conversation.conversationId)
    await redis.hset(open, { [conversation.receiverId]: 1, [`${conversation.receiverId}|node`]: 1 })
    const listener = redis.duplicate()
    await listener.ssubscribe(channels.conversation(conversation.conversationId))
    await produced(probe, aMessage(conversation, '열린 창'))
    const away = await aConversation(db, await aUser(db, '보낸이'), await aUser(db, '받는이'))
    await eventually('it stored', async () => {
      const { rows } = await db.execute(
        sql`select from direct_messages where conversation_id = ${conversation.conversationId}`,
      )
      return rows.length === 1
    })
    await produced(probe, aMessage(away, '닫힌 창'))
    await notificationOf(away.receiverId)
    const rows = await db.select().from(notifications).where(eq(notifications.receiverId, conversation.receiverId))
    expect(rows).toEqual([])
    await redis.del(open)
    listener.disconnect()
  })

  test('a receiver who has it open on an instance that does not hear, or is no more, is told elsewhere', async () => {
    const conversation = await aConversation(db, await aUser(db, '보낸이'), await aUser(db, '받는이'))
    const { conversationId, senderId, receiverId } = conversation
    const open = redisKeys.openConversation(conversationId)
    await redis.hset(open, { [receiverId]: 1, [`${receiverId}|deaf`]: 1, [senderId]: 1, [`${senderId}|hearing`]: 1 })
    const listener = redis.duplicate()
    await listener.ssubscribe(channels.conversation(conversationId))
    await produced(probe, aMessage(conversation, '못 들은 말'))
    expect(await notificationOf(receiverId)).toMatchObject({ content: '못 들은 말' })
    await redis.del(open)
    listener.disconnect()
  })
})

test('readiness names its dependencies; lag and outbox age are in the scrape', async () => {
  const answer = (await (await fetch(`${worker.url}/actuator/health/readiness`)).json()) as object
  expect(answer).toEqual({
    status: 'UP',
    components: { postgres: 'UP', redis: 'UP', kafka: 'UP', consumers: 'UP' },
  })
  expect(await metricOf(worker, 'mopl_outbox_oldest_age_seconds')).toBe(0)
  await eventually(
    'the lag',
    async () => (await metricOf(worker, 'mopl_worker_lag_messages', 'mopl-ratings', topics.review)) === 0,
    15_000,
  )
}, 20_000)

test('SIGTERM ends the worker with exit code 0, groups left', async () => {
  worker.kill('SIGTERM')
  expect(await worker.exited).toBe(0)
  expect(worker.output()).toContain('"msg":"stopped"')
})
