/** A chat line as the socket app sends it, for rivals that do no encoding of their own: the same bytes to every receiver. */
import { contentId, nameOf, userIdOf } from './viewers.ts'

let lines = 0

export function moplMessage(sender: number, content: string): string {
  const body = JSON.stringify({ sender: { userId: userIdOf(sender), name: nameOf(sender) }, content })
  lines += 1
  const headers = [
    'subscription:sub-0',
    `destination:/sub/contents/${contentId}/chat`,
    'content-type:application/json',
    `message-id:socket-0123456789ab-${lines}`,
    `content-length:${Buffer.byteLength(body)}`,
  ]
  return `MESSAGE\n${headers.join('\n')}\n\n${body}\0`
}
