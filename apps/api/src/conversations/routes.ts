/** /api/conversations */
import { Hono } from 'hono'
import type { Deps } from '../deps.ts'
import { authenticate } from '../http/authenticate.ts'
import type { Env } from '../http/env.ts'
import { once } from '../http/once.ts'
import { valid } from '../http/validate.ts'
import { ensureConversation } from './conversations.ts'
import { listMessages, markRead } from './direct-messages.ts'
import { rememberParticipants } from './participants-cache.ts'
import { getConversation, getConversationWith, listConversations } from './read.ts'
import {
  ConversationId,
  type ConversationDto,
  ConversationQuery,
  ConversationWith,
  MessageId,
  MessageQuery,
  NewConversation,
} from './schemas.ts'

export function conversationRoutes(deps: Deps) {
  const { db } = deps
  const signedIn = authenticate(deps)
  async function opened(userId: string, conversation: ConversationDto): Promise<ConversationDto> {
    await rememberParticipants(deps, conversation.id, [userId, conversation.with.userId])
    return conversation
  }
  return new Hono<Env>()
    .get('/', signedIn, valid('query', ConversationQuery), async (c) =>
      c.json(await listConversations(db, c.var.user.id, c.req.valid('query'))),
    )
    .post('/', signedIn, valid('json', NewConversation), once(deps, 'json'), async (c) => {
      const { id } = c.var.user
      return c.json(await opened(id, await ensureConversation(c.var.db, id, c.req.valid('json').withUserId)))
    })
    .get('/with', signedIn, valid('query', ConversationWith), async (c) => {
      const { id } = c.var.user
      return c.json(await opened(id, await getConversationWith(db, id, c.req.valid('query').userId)))
    })
    .get('/:conversationId', signedIn, valid('param', ConversationId), async (c) => {
      const { id } = c.var.user
      return c.json(await opened(id, await getConversation(db, id, c.req.valid('param').conversationId)))
    })
    .get(
      '/:conversationId/direct-messages',
      signedIn,
      valid('param', ConversationId),
      valid('query', MessageQuery),
      async (c) => {
        const { conversationId } = c.req.valid('param')
        return c.json(await listMessages(db, c.var.user.id, conversationId, c.req.valid('query')))
      },
    )
    .post(
      '/:conversationId/direct-messages/:directMessageId/read',
      signedIn,
      valid('param', MessageId),
      once(deps),
      async (c) => {
        await markRead(c.var.db, c.var.user.id, c.req.valid('param'))
        return c.body(null, 200)
      },
    )
}
