/** One server-sent event stream to one client. WHATWG HTML, "Server-sent events". */
import type { HttpResponse } from 'uWebSockets.js'
import { type HttpHeaders, writeHead } from '../http.ts'
import type { StreamEntry } from './user-stream.ts'

/** What may wait for a client that does not read; past it, the client has to come back and is told what it missed. */
const waitingBytesAtMost = 256 * 1024
const retryAfterMs = 3_000

const headers = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
}

export class EventConnection {
  readonly #res: HttpResponse
  readonly #onSlow: () => void
  readonly #onClosed: (() => void)[] = []
  #waitingBytes = 0
  #begun = false
  #closed = false

  /** Must be called before anything asynchronous: an aborted response that nobody knows of ends the process. */
  constructor(res: HttpResponse, onSlow: () => void) {
    this.#res = res
    this.#onSlow = onSlow
    res.onAborted(() => this.#gone())
  }

  get closed(): boolean {
    return this.#closed
  }

  get begun(): boolean {
    return this.#begun
  }

  onClosed(callback: () => void): void {
    if (this.#closed) callback()
    else this.#onClosed.push(callback)
  }

  begin(extraHeaders: HttpHeaders): void {
    if (this.#closed) return
    this.#begun = true
    this.#res.cork(() => {
      writeHead(this.#res, 200, { ...headers, ...extraHeaders })
      this.#res.write(`retry: ${retryAfterMs}\n\n`)
    })
  }

  event({ id, event, data }: StreamEntry): void {
    this.#write(`id: ${id}\nevent: ${event}\ndata: ${data.replaceAll('\n', '\ndata: ')}\n\n`)
  }

  /** Tells where the stream stands without being an event: a client that drops before the first one continues from here. */
  position(id: string): void {
    this.#write(`id: ${id}\n\n`)
  }

  beat(): void {
    this.#write(':\n\n')
  }

  /** Hands the response over to whoever answers it with something else than a stream. */
  refuse(answer: (res: HttpResponse) => void): void {
    if (this.#closed) return
    answer(this.#res)
    this.#gone()
  }

  end(): void {
    if (this.#closed) return
    this.#res.cork(() => this.#res.end())
    this.#gone()
  }

  #write(text: string): void {
    if (this.#closed) return
    this.#res.cork(() => {
      // False means that the kernel takes no more and the bytes wait here.
      const through = this.#res.write(text)
      this.#waitingBytes = through ? 0 : this.#waitingBytes + Buffer.byteLength(text)
    })
    if (this.#waitingBytes <= waitingBytesAtMost) return
    this.#onSlow()
    this.#res.close()
  }

  #gone(): void {
    if (this.#closed) return
    this.#closed = true
    for (const callback of this.#onClosed) callback()
  }
}
