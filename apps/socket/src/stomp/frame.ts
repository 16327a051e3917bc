/** STOMP frames: what stands in one, and how its headers are escaped in each version. https://stomp.github.io */
import { AppError } from '@mopl/contracts/errors'

/** Best first: the order of negotiation. */
export const stompVersions = ['1.2', '1.1', '1.0'] as const
export type StompVersion = (typeof stompVersions)[number]

/** A frame as it came over the wire: how header lines are unescaped depends on a version known only after CONNECT. */
export type RawFrame = { command: string; headerLines: string[]; body: string }

export type Headers = ReadonlyMap<string, string>

/**
 * The headers of a frame; of a repeated one the first wins (STOMP 1.2, "Repeated Header Entries").
 *
 * @throws {AppError} INVALID_REQUEST for a line without a colon, an empty name or an undefined escape
 */
export function readHeaders(frame: RawFrame, version: StompVersion): Headers {
  const unescape = isUnescaped(frame.command) ? asIs : unescapeBy[version]
  const headers = new Map<string, string>()
  for (const line of frame.headerLines) {
    const colon = line.indexOf(':')
    if (colon < 1) throw new AppError('INVALID_REQUEST', { header: '이름:값 형식이어야 합니다.' })
    const name = unescape(line.slice(0, colon))
    if (!headers.has(name)) headers.set(name, unescape(line.slice(colon + 1)))
  }
  return headers
}

/** The text of a frame. `content-length` is added when there is a body. */
export function encodeFrame(
  command: string,
  headers: Record<string, string>,
  version: StompVersion,
  body = '',
): string {
  const lines = Object.entries(headers).map(([name, value]) => headerLine(command, name, value, version))
  if (body !== '') lines.push(`content-length:${Buffer.byteLength(body)}\n`)
  return `${command}\n${lines.join('')}\n${body}\0`
}

/** The part of a MESSAGE frame that is the same for every message of a subscription, up to the value of `message-id`. */
export function messageHead(subscriptionId: string | undefined, destination: string, version: StompVersion): string {
  const header = (name: string, value: string) => headerLine('MESSAGE', name, value, version)
  const subscription = subscriptionId === undefined ? '' : header('subscription', subscriptionId)
  return `MESSAGE\n${subscription}${header('destination', destination)}content-type:application/json\nmessage-id:`
}

/** The part of a MESSAGE frame that follows the value of `message-id`. */
export function messageTail(body: string): string {
  return `\ncontent-length:${Buffer.byteLength(body)}\n\n${body}\0`
}

function headerLine(command: string, name: string, value: string, version: StompVersion): string {
  const escape = isUnescaped(command) ? withoutLineBreaks : escapeBy[version]
  return `${escape(name)}:${escape(value)}\n`
}

/** CONNECT and CONNECTED stay readable for 1.0 peers: no escaping there in any version. STOMP is only another name of CONNECT. */
function isUnescaped(command: string): boolean {
  return command === 'CONNECT' || command === 'STOMP' || command === 'CONNECTED'
}

const asIs = (text: string) => text
const withoutLineBreaks = (text: string) => text.replaceAll(/[\r\n]/g, ' ')

const escapes: Record<string, string> = { '\\': '\\\\', '\r': '\\r', '\n': '\\n', ':': '\\c' }
const unescapes: Record<string, string> = { '\\\\': '\\', '\\n': '\n', '\\c': ':' }
const unescapes12 = { ...unescapes, '\\r': '\r' }

const escapeBy: Record<StompVersion, (text: string) => string> = {
  '1.2': (text) => text.replaceAll(/[\\\r\n:]/g, (character) => escapes[character] ?? character),
  '1.1': (text) => text.replaceAll('\r', ' ').replaceAll(/[\\\n:]/g, (character) => escapes[character] ?? character),
  '1.0': withoutLineBreaks,
}

const unescapeBy: Record<StompVersion, (text: string) => string> = {
  '1.2': (text) => unescapeWith(unescapes12, text),
  '1.1': (text) => unescapeWith(unescapes, text),
  // Its own examples write `login: <username>`.
  '1.0': (text) => text.trim(),
}

function unescapeWith(known: Record<string, string>, text: string): string {
  if (!text.includes('\\')) return text
  return text.replaceAll(/\\.?/gs, (escape) => {
    const character = known[escape]
    if (character === undefined)
      throw new AppError('INVALID_REQUEST', { header: '정의되지 않은 이스케이프가 있습니다.' })
    return character
  })
}
