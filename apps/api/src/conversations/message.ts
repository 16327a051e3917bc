/** How a direct message appears, by itself and as the last one of its conversation. */
import type { DirectMessageDto, UserSummary } from '@mopl/contracts/realtime'
import { directMessages } from '@mopl/infrastructure/tables'
import { isoTime } from '../http/iso-time.ts'

/** The columns to select from `direct_messages`. The receiver is whoever is not the sender. */
export const messageColumns = {
  id: directMessages.id,
  conversationId: directMessages.conversationId,
  createdAt: isoTime(directMessages.createdAt),
  senderId: directMessages.senderId,
  content: directMessages.content,
}

type MessageRow = { id: string; conversationId: string; createdAt: string; senderId: string; content: string }

export function toMessageDto(
  { id, conversationId, createdAt, senderId, content }: MessageRow,
  [one, two]: readonly [UserSummary, UserSummary],
): DirectMessageDto {
  const [sender, receiver] = one.userId === senderId ? [one, two] : [two, one]
  return { id, conversationId, createdAt, sender, receiver, content }
}
