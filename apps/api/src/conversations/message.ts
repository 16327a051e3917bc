/** How a direct message appears, by itself and as the last one of its conversation. */
import type { DirectMessageDto, UserSummary } from '@mopl/contracts/realtime'
import { directMessages } from '@mopl/infrastructure/tables'

/** The columns to select from `direct_messages`. The receiver is whoever is not the sender. */
export const messageColumns = {
  id: directMessages.id,
  conversationId: directMessages.conversationId,
  createdAt: directMessages.createdAt,
  senderId: directMessages.senderId,
  content: directMessages.content,
}

type MessageRow = { id: string; conversationId: string; createdAt: Date; senderId: string; content: string }

export function toMessageDto(
  { id, conversationId, createdAt, senderId, content }: MessageRow,
  [one, two]: readonly [UserSummary, UserSummary],
): DirectMessageDto {
  const [sender, receiver] = one.userId === senderId ? [one, two] : [two, one]
  return { id, conversationId, createdAt: createdAt.toISOString(), sender, receiver, content }
}
