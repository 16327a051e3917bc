/** What comes in and goes out of conversations. Messages come in through the socket; here they are read. */
import { DirectMessageDto, UserSummary } from '@mopl/contracts/realtime'
import { Uuid } from '@mopl/contracts/scalars'
import { conversationParticipants, directMessages } from '@mopl/infrastructure/tables'
import * as v from 'valibot'
import type { Sort } from '../http/keyset.ts'
import { pageOf, pageQuery } from '../http/page.ts'
import { Keyword } from '../http/text.ts'

export const ConversationId = v.object({ conversationId: Uuid })
export const MessageId = v.object({ conversationId: Uuid, directMessageId: Uuid })

export const NewConversation = v.object({ withUserId: Uuid })
export const ConversationWith = v.object({ userId: Uuid })

/** The participant's copy of the conversation's time: one user's conversations are one range of its index. */
export const conversationSorts = {
  createdAt: { column: conversationParticipants.createdAt, type: 'timestamptz' },
} satisfies Record<string, Sort>

export const ConversationQuery = v.object({
  ...pageQuery(['createdAt']),
  keywordLike: v.optional(v.pipe(Keyword, v.description('검색 키워드: 상대의 이름이나 메시지'))),
})
export type ConversationQuery = v.InferOutput<typeof ConversationQuery>

export const messageSorts = {
  createdAt: { column: directMessages.createdAt, type: 'timestamptz' },
} satisfies Record<string, Sort>

export const MessageQuery = v.object(pageQuery(['createdAt']))
export type MessageQuery = v.InferOutput<typeof MessageQuery>

export const ConversationDto = v.object({
  id: Uuid,
  with: UserSummary,
  /** `null` until there is one. (The name is the contract's.) */
  lastestMessage: v.nullable(DirectMessageDto),
  hasUnread: v.boolean(),
})
export type ConversationDto = v.InferOutput<typeof ConversationDto>

export const ConversationPage = pageOf(ConversationDto)
export const MessagePage = pageOf(DirectMessageDto)
