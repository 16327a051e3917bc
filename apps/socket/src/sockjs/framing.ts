/** SockJS frames: sockjs-protocol 0.3.3, "Protocol and framing". */
import { AppError } from '@mopl/contracts/errors'

export const openFrame = 'o'
export const beatFrame = 'h'

export function messageFrame(text: string): string {
  return `a[${JSON.stringify(text)}]`
}

/** Texts that are quoted already. */
export function messagesFrame(quoted: readonly string[]): string {
  return `a[${quoted.join(',')}]`
}

/** What stands inside a frame of messages: the quoted texts, as they would stand in another. */
export function readMessagesFrame(frame: string): string {
  return frame.slice('a['.length, -']'.length)
}

export function closeFrame(code: number, reason: string): string {
  return `c${JSON.stringify([code, reason])}`
}

/**
 * The texts a client sent in one WebSocket message: a JSON array of strings, or one string. An empty message holds none.
 *
 * @throws {AppError} MALFORMED_JSON for anything else
 */
export function readMessages(message: string): string[] {
  if (message === '') return []
  const value = parseJson(message)
  if (typeof value === 'string') return [value]
  if (Array.isArray(value) && value.every((text) => typeof text === 'string')) return value
  throw new AppError('MALFORMED_JSON')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('MALFORMED_JSON', {}, undefined, { cause })
  }
}
