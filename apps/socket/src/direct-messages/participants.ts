import { AppError } from '@mopl/contracts/errors'
import type { Visitor } from '../destinations.ts'
import type { Lookup } from '../lookup.ts'
import type { Participants } from '../lookups.ts'

/** @throws {AppError} CONVERSATION_NOT_FOUND, also for somebody who is not in it: that it exists is nobody else's business */
export async function otherParticipant(
  participants: Lookup<Participants>,
  conversationId: string,
  { claims }: Visitor,
): Promise<string> {
  const [one, two] = await participants.get(conversationId, claims)
  if (claims.sub === one) return two
  if (claims.sub === two) return one
  throw new AppError('CONVERSATION_NOT_FOUND')
}
