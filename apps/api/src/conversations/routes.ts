/** /api/conversations */
import { Hono } from 'hono'
import type { Deps } from '../deps.ts'
import { sendPage } from '../http/answer-headers.ts'
import { authenticate } from '../http/authenticate.ts'
import { describing, explained, refuses, returns } from '../http/describe.ts'
import type { Env } from '../http/env.ts'
import { once } from '../http/once.ts'
import { valid } from '../http/validate.ts'
import { ensureConversation } from './conversations.ts'
import { listMessages, markRead } from './direct-messages.ts'
import { rememberParticipants } from './participants-cache.ts'
import { getConversation, getConversationWith, listConversations } from './read.ts'
import {
  ConversationDto,
  ConversationId,
  ConversationPage,
  ConversationQuery,
  ConversationWith,
  MessageId,
  MessagePage,
  MessageQuery,
  NewConversation,
} from './schemas.ts'

const describe = describing('다이렉트 메시지')

export function conversationRoutes(deps: Deps) {
  const { db } = deps
  const signedIn = authenticate(deps)
  async function opened(userId: string, conversation: ConversationDto): Promise<ConversationDto> {
    await rememberParticipants(deps, conversation.id, [userId, conversation.with.userId])
    return conversation
  }
  return new Hono<Env>()
    .get(
      '/',
      describe(
        'findConversations',
        '대화 목록 조회 (커서 페이지네이션)',
        explained('API 요청자 본인의 대화 목록만 조회할 수 있습니다.'),
        returns(200, ConversationPage),
      ),
      signedIn,
      valid('query', ConversationQuery),
      async (c) => sendPage(await listConversations(db, c.var.user.id, c.req.valid('query'))),
    )
    .post(
      '/',
      describe(
        'createConversation',
        '대화 생성',
        explained('이미 있으면 그 대화입니다.'),
        returns(200, ConversationDto),
        refuses('SELF_CONVERSATION', 'USER_NOT_FOUND'),
      ),
      signedIn,
      valid('json', NewConversation),
      once(deps, 'json'),
      async (c) => {
        const { id } = c.var.user
        return c.json(await opened(id, await ensureConversation(c.var.db, id, c.req.valid('json').withUserId)))
      },
    )
    .get(
      '/with',
      describe(
        'findConversationWithUser',
        '특정 사용자와의 대화 조회',
        returns(200, ConversationDto),
        refuses('CONVERSATION_NOT_FOUND'),
      ),
      signedIn,
      valid('query', ConversationWith),
      async (c) => {
        const { id } = c.var.user
        return c.json(await opened(id, await getConversationWith(db, id, c.req.valid('query').userId)))
      },
    )
    .get(
      '/:conversationId',
      describe('findConversation', '대화 조회', returns(200, ConversationDto), refuses('CONVERSATION_NOT_FOUND')),
      signedIn,
      valid('param', ConversationId),
      async (c) => {
        const { id } = c.var.user
        return c.json(await opened(id, await getConversation(db, id, c.req.valid('param').conversationId)))
      },
    )
    .get(
      '/:conversationId/direct-messages',
      describe(
        'findDms',
        'DM 목록 조회 (커서 페이지네이션)',
        explained('특정 대화의 DM 목록을 조회합니다. API 요청자가 해당 대화의 참여자여야 합니다.'),
        returns(200, MessagePage),
        refuses('CONVERSATION_NOT_FOUND'),
      ),
      signedIn,
      valid('param', ConversationId),
      valid('query', MessageQuery),
      async (c) => {
        const { conversationId } = c.req.valid('param')
        return sendPage(await listMessages(db, c.var.user.id, conversationId, c.req.valid('query')))
      },
    )
    .post(
      '/:conversationId/direct-messages/:directMessageId/read',
      describe(
        'read',
        'DM 읽음 처리',
        explained('이 메시지와 그 앞의 모든 메시지를 읽음으로 표시합니다.'),
        returns(200),
        refuses('FORBIDDEN', 'CONVERSATION_NOT_FOUND', 'MESSAGE_NOT_FOUND'),
      ),
      signedIn,
      valid('param', MessageId),
      once(deps),
      async (c) => {
        await markRead(c.var.db, c.var.user.id, c.req.valid('param'))
        return c.body(null, 200)
      },
    )
}
