/**
 * Stores direct messages and only then shows them: on the conversation's channel, and, to a receiver who does not have
 * the conversation open, as `direct-messages` and as a notification.
 */
import type { MoplEvent } from '@mopl/contracts/events'
import { pictureUrl } from '@mopl/contracts/pictures'
import type { DirectMessageDto, UserSummary } from '@mopl/contracts/realtime'
import { channels, redisKeys } from '@mopl/contracts/redis-keys'
import type { RedisClient } from '@mopl/infrastructure/redis'
import { sql } from 'drizzle-orm'
import * as v from 'valibot'
import { pushAll, settled } from '../event-stream.ts'
import { isoInstant, notify } from '../notify.ts'
import type { Deps, Handler } from './handler.ts'

type Sent = MoplEvent<'direct-message.sent'>

export const directMessages: Handler<'direct-message.sent'> = {
  consumer: 'mopl-direct-messages',

  async apply(deps, events) {
    const stored = await store(deps, events)
    const hearing = await announce(deps.redis, stored)
    const opened = await whoHasItOpen(deps.redis, stored)
    const away = stored.filter(({ message }, index) => !isShown(message, opened[index], hearing[index]))
    await pushAll(
      deps.redis,
      away.map(({ message, fresh }) => ({
        userId: message.receiver.userId,
        event: { event: 'direct-messages', data: message },
        maybePushed: !fresh,
      })),
    )
    const awayIds = new Set(away.map(({ message }) => message.id))
    await notifyReceivers(
      deps,
      events.filter(({ payload }) => awayIds.has(payload.messageId)),
    )
  },
}

type Stored = { message: DirectMessageDto; fresh: boolean }
type Row = {
  id: string
  conversationId: string
  createdAt: string
  content: string
  senderId: string
  senderName: string
  senderPicture: string | null
  receiverId: string
  receiverName: string
  receiverPicture: string | null
  fresh: boolean
}

/** Stores the batch and returns all of it in order. `fresh` is false for what an earlier try, or somebody else, has stored. */
async function store({ db }: Deps, events: readonly Sent[]): Promise<Stored[]> {
  const batch = JSON.stringify(events.map(toRow))
  const { rows } = await db.execute<Row>(sql`
    with incoming as (
      select distinct on (id) * from json_to_recordset(${batch}::json)
        as event (place integer, id uuid, conversation_id uuid, sender_id uuid, receiver_id uuid, created_at timestamptz(3), content text)
      -- a conversation that was deleted meanwhile keeps nothing
      where exists (select from conversation_participants as p where p.conversation_id = event.conversation_id and p.user_id = sender_id)
        and exists (select from conversation_participants as p where p.conversation_id = event.conversation_id and p.user_id = receiver_id)
    ), fresh as (
      insert into direct_messages (id, conversation_id, sender_id, receiver_id, created_at, content)
      select id, conversation_id, sender_id, receiver_id, incoming.created_at, content from incoming
      on conflict (id) do nothing returning id
    )
    select incoming.id, conversation_id as "conversationId", ${isoInstant(sql`incoming.created_at`)} as "createdAt", content,
      fresh.id is not null as fresh,
      sender.id as "senderId", sender.name as "senderName", sender.profile_image_key as "senderPicture",
      receiver.id as "receiverId", receiver.name as "receiverName", receiver.profile_image_key as "receiverPicture"
    from incoming left join fresh using (id) join users as sender on sender.id = sender_id join users as receiver on receiver.id = receiver_id
    order by place`)
  return rows.map((row) => ({ message: toDto(row), fresh: row.fresh }))
}

/**
 * At least once: a try that was cut off is repeated, and clients know a message by its id. Returns how many instances heard
 * each of them.
 */
async function announce(redis: RedisClient, stored: readonly Stored[]): Promise<number[]> {
  if (stored.length === 0) return []
  const pipeline = redis.pipeline()
  for (const { message } of stored)
    pipeline.spublish(channels.conversation(message.conversationId), JSON.stringify(message))
  return (await settled(pipeline.exec())).map(Number)
}

/** For each message: `userId` and `userId|nodeId` of those who have its conversation open. */
async function whoHasItOpen(redis: RedisClient, stored: readonly Stored[]): Promise<string[][]> {
  if (stored.length === 0) return []
  const pipeline = redis.pipeline()
  for (const { message } of stored) pipeline.hkeys(redisKeys.openConversation(message.conversationId))
  return (await settled(pipeline.exec())).map((keys) => v.parse(v.array(v.string()), keys))
}

/**
 * Whether the receiver has seen the message where the conversation is open. An instance on which it is open listens before
 * it says so: when fewer have heard than say so, one of them is dead or has lost its link. Better told twice than not at all.
 */
function isShown({ receiver }: DirectMessageDto, opened: readonly string[] = [], hearing = 0): boolean {
  const nodes = new Set(opened.flatMap((field) => field.split('|')[1] ?? []))
  return opened.includes(receiver.userId) && hearing >= nodes.size
}

async function notifyReceivers(deps: Deps, events: readonly Sent[]): Promise<void> {
  if (events.length === 0) return
  await notify(
    deps,
    events,
    sql`
      select event_id, receiver_id, format('%s님의 새 메시지', users.name) as title, direct_messages.content
      from event join direct_messages on direct_messages.id = (payload ->> 'messageId')::uuid join users on users.id = sender_id`,
  )
}

function toRow({ occurredAt, payload }: Sent, place: number) {
  return {
    place,
    id: payload.messageId,
    conversation_id: payload.conversationId,
    sender_id: payload.senderId,
    receiver_id: payload.receiverId,
    created_at: occurredAt,
    content: payload.content,
  }
}

function toDto(row: Row): DirectMessageDto {
  const { id, conversationId, createdAt, content } = row
  return {
    id,
    conversationId,
    createdAt,
    content,
    sender: summary(row.senderId, row.senderName, row.senderPicture),
    receiver: summary(row.receiverId, row.receiverName, row.receiverPicture),
  }
}

function summary(userId: string, name: string, picture: string | null): UserSummary {
  return picture === null ? { userId, name } : { userId, name, profileImageUrl: pictureUrl(picture) }
}
