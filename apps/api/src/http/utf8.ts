/**
 * Text comes in as UTF-8, and as nothing else. The decoders of the runtime put U+FFFD in the place of what is none, and
 * what a client then reads is not what it wrote.
 */
import { AppError } from '@mopl/contracts/errors'

/** @throws {AppError} INVALID_REQUEST for `field` */
export function decodeUtf8(bytes: Uint8Array<ArrayBuffer>, field: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw notUtf8(field)
  }
}

/**
 * For pairs as in a query string or an urlencoded form, before they are decoded.
 *
 * @throws {AppError} INVALID_REQUEST for the field whose `%` escapes are not UTF-8
 */
export function assertUtf8Escapes(pairs: string): void {
  if (areUtf8(pairs)) return
  const pair = pairs.split('&').find((one) => !areUtf8(one)) ?? ''
  const [[name]] = [...new URLSearchParams(pair)] as [[string, string]]
  throw notUtf8(name)
}

/** Looks at the escapes alone: a `%` that begins none stands for itself (URL standard, section 1.3). */
function areUtf8(text: string): boolean {
  if (!text.includes('%')) return true
  try {
    for (const [escapes] of text.matchAll(/(?:%[\da-f]{2})+/gi)) decodeURIComponent(escapes)
    return true
  } catch {
    return false
  }
}

export function notUtf8(field: string): AppError {
  return new AppError('INVALID_REQUEST', { [field]: 'UTF-8이어야 합니다.' })
}
