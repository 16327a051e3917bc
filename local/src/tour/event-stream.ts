/** A subscriber of `/api/sse`, read with `fetch` as the web client does (EventSource cannot send a Bearer header). */
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { eventually } from '@mopl/infrastructure/eventually'

export class EventStream {
  readonly events: EventSourceMessage[] = []
  readonly comments: string[] = []
  readonly #abort = new AbortController()

  static async open(baseUrl: string, accessToken: string): Promise<EventStream> {
    const stream = new EventStream()
    const response = await fetch(`${baseUrl}/api/sse`, {
      headers: { authorization: `Bearer ${accessToken}`, accept: 'text/event-stream' },
      signal: stream.#abort.signal,
    })
    if (!response.ok || response.body === null)
      throw new Error(`GET /api/sse: ${response.status}: ${await response.text()}`)
    void stream.#read(response.body)
    return stream
  }

  event(name: string, accept: (data: unknown) => boolean): Promise<EventSourceMessage> {
    return eventually(`the event ${name}`, () =>
      this.events.find((event) => event.event === name && accept(JSON.parse(event.data))),
    )
  }

  /** The server's next sign of life: a comment line. */
  async beat(timeoutMs: number): Promise<void> {
    const before = this.comments.length
    await eventually('a heart-beat', () => this.comments.length > before, timeoutMs)
  }

  close(): void {
    this.#abort.abort()
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const parser = createParser({
      onEvent: (event) => this.events.push(event),
      onComment: (comment) => this.comments.push(comment),
    })
    const text = new TextDecoder()
    try {
      for await (const chunk of body) parser.feed(text.decode(chunk, { stream: true }))
    } catch (error) {
      if (!this.#abort.signal.aborted) throw error
    }
  }
}
