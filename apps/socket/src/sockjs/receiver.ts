/** One HTTP response that carries frames to the client: until it is full, ended by us, or aborted. */
import type { HttpResponse } from 'uWebSockets.js'
import { type HttpHeaders, writeHead } from '../http.ts'
import type { Carrier } from './carriers.ts'

export type ReceiverListener = {
  /** What was written is on its way, there may be more. */
  onWritable(): void
  /** We ended the response; the client opens the next one. */
  onEnded(): void
  /** The connection broke: what was written last may be lost. */
  onAborted(): void
}

export class Receiver {
  readonly #res: HttpResponse
  readonly #carrier: Carrier
  readonly #callback: string
  readonly #headers: HttpHeaders
  #listener: ReceiverListener | undefined
  #begun = false
  #open = true
  #blocked = false
  #full = false
  #bytes = 0

  /** Must be called before anything asynchronous: an aborted response that nobody knows of ends the process. */
  constructor(res: HttpResponse, carrier: Carrier, callback: string, headers: HttpHeaders) {
    this.#res = res
    this.#carrier = carrier
    this.#callback = callback
    this.#headers = { 'content-type': carrier.contentType, ...headers }
    res.onAborted(() => this.#gone()?.onAborted())
    res.onWritable(() => {
      this.#blocked = false
      if (this.#full) this.#end()
      else this.#listener?.onWritable()
      return true
    })
  }

  /** False while the client does not read, and when the response takes no more. */
  get writable(): boolean {
    return this.#open && !this.#full && !this.#blocked
  }

  listen(listener: ReceiverListener): void {
    this.#listener = listener
    const prelude = this.#carrier.prelude(this.#callback)
    if (prelude !== '') this.#res.cork(() => this.#write(prelude))
  }

  /** Sends a frame; ends the response when that fills it. */
  write(frame: string): void {
    this.#send(this.#carrier.encode(frame, this.#callback), false)
  }

  /** Ends the response, with a last frame if there is one to tell. */
  end(frame?: string): void {
    this.#send(frame === undefined ? '' : this.#carrier.encode(frame, this.#callback), true)
  }

  /** Drops the connection, and whatever of it has not been read. */
  abort(): void {
    if (this.#open) this.#res.close()
  }

  #send(text: string, isLast: boolean): void {
    if (!this.#open || this.#full) return
    this.#bytes += Buffer.byteLength(text)
    this.#full = isLast || this.#bytes >= this.#carrier.responseBytes
    this.#res.cork(() => {
      this.#write(text)
      if (this.#full && !this.#blocked) this.#end()
    })
  }

  /** False means that the client does not read and the bytes wait here. */
  #write(text: string): void {
    this.#begin()
    if (text !== '') this.#blocked = !this.#res.write(text)
  }

  /** Not before the client has taken what came before: the connection would take its next request, and its bytes pile up. */
  #end(): void {
    this.#res.cork(() => this.#res.end())
    this.#gone()?.onEnded()
  }

  #begin(): void {
    if (!this.#begun) writeHead(this.#res, 200, this.#headers)
    this.#begun = true
  }

  /** The listener to tell, the first time. */
  #gone(): ReceiverListener | undefined {
    this.#open = false
    const listener = this.#listener
    this.#listener = undefined
    return listener
  }
}
