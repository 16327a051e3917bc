/** Cuts a stream of bytes into STOMP frames, however the bytes are spread over messages. */
import { AppError } from '@mopl/contracts/errors'
import type { RawFrame } from './frame.ts'

const limits = { lineBytes: 8 * 1024, headers: 32, bodyBytes: 32 * 1024 } as const

const newline = 0x0a
const carriageReturn = 0x0d
const nul = 0x00
const nothing = Buffer.alloc(0)
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Holds at most one unfinished frame, within `limits`. After an error it is of no more use: the stream has lost its step. */
export class StompParser {
  /** Received, not yet consumed. `#scanned` bytes of it are known not to hold the delimiter that is being looked for. */
  #bytes: Buffer = nothing
  #scanned = 0
  #headEnded = false
  #head: { command: string; headerLines: string[] } | undefined;

  /**
   * Yields the frames that `chunk` completes. Newlines between frames are heart-beats and yield nothing.
   *
   * @throws {AppError} INVALID_REQUEST for what cannot be a frame, PAYLOAD_TOO_LARGE past a limit
   */
  *push(chunk: Uint8Array): Generator<RawFrame> {
    const view = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    this.#bytes = this.#bytes.length === 0 ? view : Buffer.concat([this.#bytes, view])
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) yield frame
    // The chunk belongs to the caller and is only valid during the call.
    this.#bytes = this.#bytes.length === 0 ? nothing : Buffer.from(this.#bytes)
  }

  #next(): RawFrame | undefined {
    while (!this.#headEnded) {
      const line = this.#takeLine()
      if (line === undefined) return undefined
      if (this.#head === undefined) {
        if (line !== '') this.#head = { command: line, headerLines: [] }
      } else if (line === '') {
        this.#headEnded = true
      } else {
        if (this.#head.headerLines.length === limits.headers) throw tooLarge('headers')
        this.#head.headerLines.push(line)
      }
    }
    const body = this.#takeBody(this.#head?.headerLines ?? [])
    if (body === undefined || this.#head === undefined) return undefined
    const frame = { ...this.#head, body }
    this.#head = undefined
    this.#headEnded = false
    return frame
  }

  /** A line without its end: LF, or CR LF (1.2 demands it, and no older client ends a header value with CR). */
  #takeLine(): string | undefined {
    const end = this.#bytes.indexOf(newline, this.#scanned)
    const seen = end === -1 ? this.#bytes.length : end
    if (seen > limits.lineBytes) throw tooLarge('header')
    const stray = this.#bytes.indexOf(nul, this.#scanned)
    if (stray !== -1 && stray < seen) throw malformed('본문 밖에 NUL이 있습니다.')
    this.#scanned = seen
    if (end === -1) return undefined
    const line = this.#bytes.subarray(0, this.#bytes[end - 1] === carriageReturn ? end - 1 : end)
    this.#consume(end + 1)
    return decode(line)
  }

  /** With `content-length` exactly so many bytes, NUL or not; without it, up to the first NUL. */
  #takeBody(headerLines: readonly string[]): string | undefined {
    const declared = contentLength(headerLines)
    const end = declared ?? this.#bytes.indexOf(nul, this.#scanned)
    if ((end === -1 ? this.#bytes.length : end) > limits.bodyBytes) throw tooLarge('body')
    if (end === -1 || this.#bytes.length <= end) {
      this.#scanned = declared === undefined ? this.#bytes.length : 0
      return undefined
    }
    if (this.#bytes[end] !== nul) throw malformed('본문이 content-length보다 깁니다.')
    const body = this.#bytes.subarray(0, end)
    this.#consume(end + 1)
    return decode(body)
  }

  #consume(count: number): void {
    this.#bytes = this.#bytes.subarray(count)
    this.#scanned = 0
  }
}

function contentLength(headerLines: readonly string[]): number | undefined {
  const value = headerLines
    .find((line) => line.startsWith('content-length:'))
    ?.slice('content-length:'.length)
    .trim()
  if (value === undefined) return undefined
  if (!/^\d{1,9}$/.test(value)) throw malformed('content-length는 숫자여야 합니다.')
  return Number(value)
}

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new AppError('INVALID_REQUEST', { frame: 'UTF-8이어야 합니다.' }, undefined, { cause })
  }
}

function malformed(reason: string): AppError {
  return new AppError('INVALID_REQUEST', { frame: reason })
}

function tooLarge(part: string): AppError {
  return new AppError('PAYLOAD_TOO_LARGE', { [part]: '너무 큽니다.' })
}
