/** Conversations as one of their two participants sees them; to anyone else they do not exist. */
import { AppError } from '@mopl/contracts/errors'
import type { Sql } from '@mopl/infrastructure/postgres'
import { conversationParticipants, conversations, directMessages, users } from '@mopl/infrastructure/tables'
import { and, desc, eq, or, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { contains, isLike } from '../http/keyword.ts'
import { keyset, type Page, toPage } from '../http/page.ts'
import { toUserSummary, userSummaryColumns } from '../users/summary.ts'
import { messageColumns, toMessageDto } from './message.ts'
import { type ConversationDto, type ConversationQuery, conversationSorts } from './schemas.ts'

const me = alias(users, 'me')
const other = alias(users, 'other')

/** Two statements, however many conversations there are. */
export async function listConversations(
  db: Sql,
  userId: string,
  query: ConversationQuery,
): Promise<Page<ConversationDto>> {
  const { after, ...range } = keyset(query, conversationSorts, conversationParticipants.conversationId)
  const filter = and(
    eq(conversationParticipants.userId, userId),
    query.keywordLike === undefined ? undefined : mentions(userId, query.keywordLike),
  )
  const [rows, totalCount] = await Promise.all([
    readConversations(db, userId, { where: and(filter, after), ...range }),
    db.$count(conversationParticipants, filter),
  ])
  return toPage(query, rows, totalCount, toConversationDto)
}

/** @throws {AppError} CONVERSATION_NOT_FOUND */
export async function getConversation(db: Sql, userId: string, conversationId: string): Promise<ConversationDto> {
  return getOne(db, userId, eq(conversations.id, conversationId))
}

/** @throws {AppError} CONVERSATION_NOT_FOUND */
export async function getConversationWith(db: Sql, userId: string, otherId: string): Promise<ConversationDto> {
  const { lowerUserId, higherUserId } = pairOf(userId, otherId)
  return getOne(
    db,
    userId,
    and(eq(conversations.lowerUserId, lowerUserId), eq(conversations.higherUserId, higherUserId)),
  )
}

/** Two users in the order in which a conversation's row has them: uuids compare as their canonical texts do. */
export function pairOf(one: string, two: string): { lowerUserId: string; higherUserId: string } {
  return one < two ? { lowerUserId: one, higherUserId: two } : { lowerUserId: two, higherUserId: one }
}

async function getOne(db: Sql, userId: string, which: SQL | undefined): Promise<ConversationDto> {
  const mine = eq(conversationParticipants.userId, userId)
  const [row] = await readConversations(db, userId, { where: and(mine, which), cursor: sql`''`, orderBy: [], limit: 1 })
  if (row === undefined) throw new AppError('CONVERSATION_NOT_FOUND')
  return toConversationDto(row)
}

/** The other's name, or one of the messages. The messages' half runs once, from whichever index has less to offer. */
function mentions(userId: string, keyword: string): SQL | undefined {
  const conversationId = conversationParticipants.conversationId
  return or(
    sql`exists (
      select from conversation_participants as theirs join users as person on person.id = theirs.user_id
      where theirs.conversation_id = ${conversationId} and theirs.user_id <> ${userId} and ${isLike(sql`person.name`, keyword)}
    )`,
    sql`${conversationId} in (
      select direct_messages.conversation_id
      from direct_messages join conversation_participants as mine on mine.conversation_id = direct_messages.conversation_id
      where mine.user_id = ${userId} and ${contains(directMessages.content, keyword)}
    )`,
  )
}

type Range = { where: SQL | undefined; cursor: SQL<string>; orderBy: SQL[]; limit: number }
type ConversationRow = Awaited<ReturnType<typeof readConversations>>[number]

function readConversations(db: Sql, userId: string, { where, cursor, orderBy, limit }: Range) {
  const lastest = db
    .select(messageColumns)
    .from(directMessages)
    .where(eq(directMessages.conversationId, conversations.id))
    .orderBy(desc(directMessages.createdAt), desc(directMessages.id))
    .limit(1)
    .as('lastest')
  const { lowerUserId, higherUserId } = conversations
  return db
    .select({
      id: conversations.id,
      me: userSummaryColumns(me),
      other: userSummaryColumns(other),
      lastest: {
        id: lastest.id,
        conversationId: lastest.conversationId,
        createdAt: lastest.createdAt,
        senderId: lastest.senderId,
        content: lastest.content,
      },
      hasUnread: sql<boolean>`exists (
        select from direct_messages as unread
        where unread.conversation_id = ${conversations.id} and unread.receiver_id = ${userId} and unread.read_at is null
      )`,
      cursor,
    })
    .from(conversationParticipants)
    .innerJoin(conversations, eq(conversations.id, conversationParticipants.conversationId))
    .innerJoin(me, eq(me.id, conversationParticipants.userId))
    .innerJoin(other, eq(other.id, sql`case ${me.id} when ${lowerUserId} then ${higherUserId} else ${lowerUserId} end`))
    .leftJoinLateral(lastest, sql`true`)
    .where(where)
    .orderBy(...orderBy)
    .limit(limit)
}

function toConversationDto({ id, me, other, lastest, hasUnread }: ConversationRow): ConversationDto {
  return {
    id,
    with: toUserSummary(other),
    lastestMessage: lastest && toMessageDto(lastest, [toUserSummary(me), toUserSummary(other)]),
    hasUnread,
  }
}
