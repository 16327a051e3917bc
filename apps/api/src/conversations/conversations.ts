/** Beginning a conversation. There is one per pair of users, whoever begins it and however often. */
import { AppError } from '@mopl/contracts/errors'
import { newId } from '@mopl/infrastructure/ids'
import type { Db, Sql } from '@mopl/infrastructure/postgres'
import { conversationParticipants, conversations } from '@mopl/infrastructure/tables'
import { named } from '../http/on-error.ts'
import { getConversationWith, pairOf } from './read.ts'
import type { ConversationDto } from './schemas.ts'

/** The one there is, or a new one. @throws {AppError} SELF_CONVERSATION, USER_NOT_FOUND */
export async function ensureConversation(db: Db, userId: string, otherId: string): Promise<ConversationDto> {
  if (userId === otherId) throw new AppError('SELF_CONVERSATION')
  return db
    .transaction(async (tx) => {
      await insertUnlessThere(tx, userId, otherId)
      return getConversationWith(tx, userId, otherId)
    })
    .catch(named('conversations_lower_user_id_fkey', 'USER_NOT_FOUND'))
    .catch(named('conversations_higher_user_id_fkey', 'USER_NOT_FOUND'))
}

/** Of two at once the second waits for the first, and then finds it there. */
async function insertUnlessThere(tx: Sql, userId: string, otherId: string): Promise<void> {
  const [created] = await tx
    .insert(conversations)
    .values({ id: newId(), ...pairOf(userId, otherId) })
    .onConflictDoNothing()
    .returning()
  if (created === undefined) return
  const { id: conversationId, createdAt } = created
  await tx
    .insert(conversationParticipants)
    .values([userId, otherId].map((userId) => ({ conversationId, userId, createdAt })))
}
