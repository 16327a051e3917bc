import { afterAll, expect, test } from 'bun:test'
import { channels, redisKeys } from '@mopl/contracts/redis-keys'
import { deadLetterTopic, topics } from '@mopl/contracts/topics'
import { newEvent } from '@mopl/infrastructure/events'
import { newId } from '@mopl/infrastructure/ids'
import { notifications } from '@mopl/infrastructure/tables'
import { eventually } from '@mopl/infrastructure/testing'
import { eq, sql } from 'drizzle-orm'
import { aConversation, aUser, createTestSystem, notificationOf, produced, untilJoined } from '../testing.ts'

const system = await createTestSystem()
const { db, probe, redis } = system
await system.startWorker()
afterAll(() => system.close())
await untilJoined(db)

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
  expect(await notificationOf(db, conversation.receiverId)).toMatchObject({
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
  expect(await notificationOf(db, conversation.receiverId)).toMatchObject({ content: '그 다음' })
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
  await notificationOf(db, away.receiverId)
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
  expect(await notificationOf(db, receiverId)).toMatchObject({ content: '못 들은 말' })
  await redis.del(open)
  listener.disconnect()
})
