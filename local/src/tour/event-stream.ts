/** A subscriber of `/api/sse`, read with `fetch` as the web client does (EventSource cannot send a Bearer header). */
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { eventually } from '@mopl/infrastructure/eventually'

export class EventStream {
  readonly events: EventSourceMessage[] = []
  readonly comments: string[] = []
  readonly #abort = new AbortController()
  readonly #parser = createParser({
    onEvent: (event) => this.events.push(event),
    onComment: (comment) => this.comments.push(comment),
  })
  /** Settles when the stream is over, whoever ended it. */
  ended: Promise<void> = Promise.resolve()

  /** `lastEventId`: go on behind this event of an earlier stream. */
  static async open(baseUrl: string, accessToken: string, lastEventId?: string): Promise<EventStream> {
    const stream = new EventStream()
    const response = await fetch(`${baseUrl}/api/sse`, {
      headers: {
        authorization: `Bearer ${accessToken}`,
        accept: 'text/event-stream',
        ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
      },
      signal: stream.#abort.signal,
    })
    if (!response.ok || response.body === null)
      throw new Error(`GET /api/sse: ${response.status}: ${await response.text()}`)
    stream.ended = stream.#read(response.body)
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
    const text = new TextDecoder()
    try {
      for await (const chunk of body) this.#parser.feed(text.decode(chunk, { stream: true }))
    } catch {
      // However it ended: whoever waits for an event says what did not come.
    }
  }
}
