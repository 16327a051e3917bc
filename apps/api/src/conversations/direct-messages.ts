/** The messages of a conversation, for its participants: reading them, and marking them read. */
import { AppError } from '@mopl/contracts/errors'
import type { DirectMessageDto, UserSummary } from '@mopl/contracts/realtime'
import type { Sql } from '@mopl/infrastructure/postgres'
import { prepared } from '@mopl/infrastructure/prepared'
import { conversationParticipants, directMessages, users } from '@mopl/infrastructure/tables'
import { and, eq, sql } from 'drizzle-orm'
import { type Page, toPage } from '../http/page.ts'
import { paged } from '../http/paged.ts'
import { countWhere } from '../http/total-count.ts'
import { toUserSummary, userSummaryColumns } from '../users/summary.ts'
import { messageColumns, toMessageDto } from './message.ts'
import { type MessageQuery, messageSorts } from './schemas.ts'

/** @throws {AppError} CONVERSATION_NOT_FOUND */
export async function listMessages(
  db: Sql,
  userId: string,
  conversationId: string,
  query: MessageQuery,
): Promise<Page<DirectMessageDto>> {
  const participants = await getParticipants(db, userId, conversationId)
  const { rows, totalCount } = await readMessages(db, { ...query, conversationId })
  return toPage(query, rows, totalCount, (row) => toMessageDto(row, participants))
}

const readMessages = paged<MessageQuery & { conversationId: string }>({
  sorts: messageSorts,
  id: directMessages.id,
})((db, asked, { cursor, after, orderBy, limit }) => {
  const filter = eq(directMessages.conversationId, asked.conversationId)
  return db
    .select({ ...messageColumns, cursor, totalCount: countWhere(directMessages, filter) })
    .from(directMessages)
    .where(and(filter, after))
    .orderBy(...orderBy)
    .limit(limit)
})

/**
 * Marks the message read, and every one before it that `userId` received.
 *
 * @throws {AppError} CONVERSATION_NOT_FOUND, MESSAGE_NOT_FOUND, FORBIDDEN for the message's sender
 */
export async function markRead(
  db: Sql,
  userId: string,
  { conversationId, directMessageId }: { conversationId: string; directMessageId: string },
): Promise<void> {
  await getParticipants(db, userId, conversationId)
  const [message] = await db
    .select({ receiverId: directMessages.receiverId })
    .from(directMessages)
    .where(and(eq(directMessages.id, directMessageId), eq(directMessages.conversationId, conversationId)))
  if (message === undefined) throw new AppError('MESSAGE_NOT_FOUND')
  if (message.receiverId !== userId) throw new AppError('FORBIDDEN')
  // Locked in order, so that two of these at once wait for each other one way only.
  await db.execute(sql`
    update direct_messages set read_at = now() where id in (
      select id from direct_messages
      where conversation_id = ${conversationId} and receiver_id = ${userId} and read_at is null
        and (created_at, id) <= (select created_at, id from direct_messages where id = ${directMessageId})
      order by created_at, id for update
    )`)
}

/** @throws {AppError} CONVERSATION_NOT_FOUND, also when it is there and `userId` is not in it */
async function getParticipants(
  db: Sql,
  userId: string,
  conversationId: string,
): Promise<readonly [UserSummary, UserSummary]> {
  const rows = await participantsOf(db).execute({ conversationId })
  const [one, two] = rows.map(toUserSummary)
  if (one === undefined || two === undefined || (one.userId !== userId && two.userId !== userId))
    throw new AppError('CONVERSATION_NOT_FOUND')
  return [one, two]
}

const participantsOf = prepared((db) =>
  db
    .select(userSummaryColumns(users))
    .from(conversationParticipants)
    .innerJoin(users, eq(users.id, conversationParticipants.userId))
    .where(eq(conversationParticipants.conversationId, sql.placeholder('conversationId'))),
)
