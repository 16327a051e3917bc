/** Conversations as one of their two participants sees them; to anyone else they do not exist. */
import { AppError } from '@mopl/contracts/errors'
import type { Sql } from '@mopl/infrastructure/postgres'
import { prepared } from '@mopl/infrastructure/prepared'
import { conversationParticipants, conversations, directMessages, users } from '@mopl/infrastructure/tables'
import { and, desc, eq, or, type Placeholder, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { contains, isLike, type Search, searchFor, searching } from '../http/keyword.ts'
import { type Page, toPage } from '../http/page.ts'
import { type Asked, paged } from '../http/paged.ts'
import { countWhere } from '../http/total-count.ts'
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
  const { rows, totalCount } = await readConversations(db, { ...query, ...searchFor(query.keywordLike), userId })
  return toPage(query, rows, totalCount, toConversationDto)
}

type Query = ConversationQuery & Search & { userId: string }

const readConversations = paged<Query>({
  sorts: conversationSorts,
  id: conversationParticipants.conversationId,
  selective: searching,
})((db, asked, { cursor, after, orderBy, limit }) => {
  const filter = and(eq(conversationParticipants.userId, asked.userId), mentions(asked))
  const columns = { cursor, totalCount: countWhere(conversationParticipants, filter) }
  return selectConversations(db, asked.userId, columns)
    .where(and(filter, after))
    .orderBy(...orderBy)
    .limit(limit)
})

/** @throws {AppError} CONVERSATION_NOT_FOUND */
export async function getConversation(db: Sql, userId: string, conversationId: string): Promise<ConversationDto> {
  const [row] = await conversationById(db).execute({ userId, conversationId })
  return toFound(row)
}

/** @throws {AppError} CONVERSATION_NOT_FOUND */
export async function getConversationWith(db: Sql, userId: string, otherId: string): Promise<ConversationDto> {
  const [row] = await conversationOfPair(db).execute({ userId, ...pairOf(userId, otherId) })
  return toFound(row)
}

/** Two users in the order in which a conversation's row has them: uuids compare as their canonical texts do. */
export function pairOf(one: string, two: string): { lowerUserId: string; higherUserId: string } {
  return one < two ? { lowerUserId: one, higherUserId: two } : { lowerUserId: two, higherUserId: one }
}

const conversationById = prepared((db) => selectOne(db, eq(conversations.id, sql.placeholder('conversationId'))))
const conversationOfPair = prepared((db) =>
  selectOne(
    db,
    and(
      eq(conversations.lowerUserId, sql.placeholder('lowerUserId')),
      eq(conversations.higherUserId, sql.placeholder('higherUserId')),
    ),
  ),
)

function selectOne(db: Sql, which: SQL | undefined) {
  const userId = sql.placeholder('userId')
  return selectConversations(db, userId, {}).where(and(eq(conversationParticipants.userId, userId), which))
}

/** The other's name, or one of the messages. The messages' half runs once, from whichever index has less to offer. */
function mentions({ userId, ...search }: Pick<Asked<Query>, 'userId' | keyof Search>): SQL | undefined {
  if (search.keywordPattern === undefined) return undefined
  const conversationId = conversationParticipants.conversationId
  return or(
    sql`exists (
      select from conversation_participants as theirs join users as person on person.id = theirs.user_id
      where theirs.conversation_id = ${conversationId} and theirs.user_id <> ${userId} and ${isLike(sql`person.name`, search)}
    )`,
    sql`${conversationId} in (
      select direct_messages.conversation_id
      from direct_messages join conversation_participants as mine on mine.conversation_id = direct_messages.conversation_id
      where mine.user_id = ${userId} and ${contains(directMessages.content, search)}
    )`,
  )
}

type ConversationRow = Awaited<ReturnType<typeof selectOne>>[number]

function selectConversations<Columns extends Record<string, SQL>>(db: Sql, userId: Placeholder, columns: Columns) {
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
      ...columns,
    })
    .from(conversationParticipants)
    .innerJoin(conversations, eq(conversations.id, conversationParticipants.conversationId))
    .innerJoin(me, eq(me.id, conversationParticipants.userId))
    .innerJoin(other, eq(other.id, sql`case ${me.id} when ${lowerUserId} then ${higherUserId} else ${lowerUserId} end`))
    .leftJoinLateral(lastest, sql`true`)
}

/** @throws {AppError} CONVERSATION_NOT_FOUND */
function toFound(row: ConversationRow | undefined): ConversationDto {
  if (row === undefined) throw new AppError('CONVERSATION_NOT_FOUND')
  return toConversationDto(row)
}

function toConversationDto({ id, me, other, lastest, hasUnread }: ConversationRow): ConversationDto {
  return {
    id,
    with: toUserSummary(other),
    lastestMessage: lastest && toMessageDto(lastest, [toUserSummary(me), toUserSummary(other)]),
    hasUnread,
  }
}
