/**
 * What travels on a room's channel besides changes of who is there: payloads that go to clients as they are. The kind and
 * the message id stand before the payload, so that no instance parses what another has written ready for use.
 */
import type { SubscribeKind } from '../destinations.ts'

export type ReadyMessage = { kind: SubscribeKind; messageId: string; payload: string }

const kinds = { CHAT: 'contents/chat' } as const satisfies Record<string, SubscribeKind>

/** `undefined` for a text of another form. */
export function readReadyMessage(text: string): ReadyMessage | undefined {
  const [afterKind, afterId] = spaces(text)
  const kind = text.slice(0, afterKind)
  if (!isKind(kind)) return undefined
  return { kind: kinds[kind], messageId: text.slice(afterKind + 1, afterId), payload: text.slice(afterId + 1) }
}

function spaces(text: string): [number, number] {
  const first = text.indexOf(' ')
  return [first, text.indexOf(' ', first + 1)]
}

function isKind(text: string): text is keyof typeof kinds {
  return Object.hasOwn(kinds, text)
}
