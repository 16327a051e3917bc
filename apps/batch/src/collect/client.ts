/** Somebody else's HTTP interface: asked slowly, again when it fails, never for ever. */
import { setTimeout as delay } from 'node:timers/promises'

export type Client = {
  /** @throws {SourceRefused | SourceUnavailable}, or the signal's reason */
  json(url: string): Promise<unknown>
  bytes(url: string): Promise<Uint8Array>
}

export type ClientOptions = {
  /** What people call it. URLs are told to nobody: some carry the key. */
  name: string
  headers?: Record<string, string>
  /** The least time between two requests. */
  intervalMs: number
  timeoutMs?: number
  maxBytes?: number
  signal: AbortSignal
  wait?: (ms: number, signal: AbortSignal) => Promise<void>
}

/** It understood and said no: asking again changes nothing. */
export class SourceRefused extends Error {
  override readonly name = 'SourceRefused'
}

/** It did not answer, or not sensibly, however often it was asked. */
export class SourceUnavailable extends Error {
  override readonly name = 'SourceUnavailable'
}

const attempts = 5
const firstBackoffMs = 500
/** Who asks for more patience than this is unavailable for now. */
const maxWaitMs = 2 * 60_000

/** An answer that is worth another try, and when the other side wants it. */
class TryAgain extends Error {
  readonly afterMs: number | undefined
  constructor(why: string, afterMs?: number) {
    super(why)
    this.afterMs = afterMs
  }
}

export function createClient({
  name,
  headers = {},
  intervalMs,
  timeoutMs = 10_000,
  maxBytes = 8 * 1024 * 1024,
  signal,
  wait = (ms, signal) => delay(ms, undefined, { signal }),
}: ClientOptions): Client {
  let freeAt = 0

  async function myTurn(): Promise<void> {
    const now = performance.now()
    const startAt = Math.max(now, freeAt)
    freeAt = startAt + intervalMs
    if (startAt > now) await wait(startAt - now, signal)
  }

  async function askOnce<T>(url: string, read: (body: Uint8Array) => T): Promise<T> {
    try {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
      const response = await fetch(url, { headers, signal: deadline })
      if (!response.ok) throw refusal(name, response)
      return read(await bodyOf(response, name, maxBytes))
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof TryAgain || error instanceof SourceRefused) throw error
      // The network's errors carry the URL. What they are called is enough.
      throw new TryAgain(`${name} did not answer wholly (${kindOf(error)})`)
    }
  }

  async function ask<T>(url: string, read: (body: Uint8Array) => T): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      await myTurn()
      try {
        return await askOnce(url, read)
      } catch (error) {
        if (!(error instanceof TryAgain)) throw error
        const waitMs = error.afterMs ?? backoffMs(attempt)
        if (attempt === attempts || waitMs > maxWaitMs) throw new SourceUnavailable(error.message)
        await wait(waitMs, signal)
      }
    }
  }

  return {
    json: (url) => ask(url, (body): unknown => JSON.parse(new TextDecoder().decode(body))),
    bytes: (url) => ask(url, (body) => body),
  }
}

/** `ConnectionRefused`, `TimeoutError`, `SyntaxError`: a word, never an address. */
function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}

function refusal(name: string, { status, headers }: Response): TryAgain | SourceRefused {
  const why = `${name} answered ${status}`
  if (status === 408 || status === 429 || status >= 500) return new TryAgain(why, retryAfterMs(headers))
  return new SourceRefused(why)
}

/** Seconds or a date. @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after */
function retryAfterMs(headers: Headers): number | undefined {
  const value = headers.get('retry-after')
  if (value === null) return undefined
  const ms = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0)
}

/** Doubled each time; the random part keeps several clients from coming back together. */
function backoffMs(attempt: number): number {
  return firstBackoffMs * 2 ** (attempt - 1) * (1 + Math.random())
}

async function bodyOf(response: Response, name: string, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > maxBytes) throw new SourceRefused(`${name} sent more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
