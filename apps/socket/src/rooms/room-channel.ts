/**
 * What travels on a room's channel besides changes of who is there: payloads that go to clients as they are. They stand
 * one to a line behind their message ids, so that no instance parses what another has written ready for use.
 *
 *     CHAT 1
 *     1785000000000-0-9f31c2d4 {"sender":...,"content":"..."}
 *
 * The number says whether the lines have been held for company (1) or come at once (0): no line is held twice.
 */
import type { SubscribeKind } from '../destinations.ts'
import type { Message } from '../fan-out.ts'

export type Packet = { kind: SubscribeKind; held: boolean; messages: Message[] }

const kinds = { CHAT: 'contents/chat', PLAYBACK: 'contents/playback' } as const satisfies Record<string, SubscribeKind>

/** `undefined` for a text of another form. */
export function readPacket(text: string): Packet | undefined {
  const [head = '', ...lines] = text.split('\n')
  const [kind = '', held] = head.split(' ')
  if (!isKind(kind)) return undefined
  return { kind: kinds[kind], held: held === '1', messages: lines.map(readMessage) }
}

const fencePrefix = 'FENCE '

/** A mark on the channel that means something to the instance that made it, and nothing to the others. */
export function fenceText(fence: string): string {
  return fencePrefix + fence
}

export function readFence(text: string): string | undefined {
  return text.startsWith(fencePrefix) ? text.slice(fencePrefix.length) : undefined
}

const recountPrefix = 'RECOUNT '

/** Begins a text that means something to the instance that asked for it alone; a `RoomMessage` follows. */
export function recountHead(mark: string): string {
  return `${recountPrefix}${mark} `
}

export function readRecount(text: string): { mark: string; message: string } | undefined {
  if (!text.startsWith(recountPrefix)) return undefined
  const end = text.indexOf(' ', recountPrefix.length)
  return { mark: text.slice(recountPrefix.length, end), message: text.slice(end + 1) }
}

export function packetHead(kind: keyof typeof kinds, held: boolean): string {
  return `${kind} ${held ? 1 : 0}`
}

/** Between rooms message ids are told apart by this: two may have a line in the same millisecond. The end of a UUIDv7 is random. */
export function roomMark(contentId: string): string {
  return contentId.slice(-8)
}

function readMessage(line: string): Message {
  const space = line.indexOf(' ')
  return { id: line.slice(0, space), body: line.slice(space + 1) }
}

function isKind(text: string): text is keyof typeof kinds {
  return Object.hasOwn(kinds, text)
}
