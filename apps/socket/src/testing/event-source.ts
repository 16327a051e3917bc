/** Reads `GET /api/sse` as it comes, comments and all. */
import { eventually } from '@mopl/infrastructure/testing'

export type ServerSentEvent = { id?: string; event?: string; data?: string }

export type EventStreamClient = {
  response: Response
  /** Events with data, in order; grows. */
  events: ServerSentEvent[]
  /** The last `id` that came, with or without an event. */
  lastId(): string
  /** Waits until `count` events are there and returns all. */
  atLeast(count: number): Promise<ServerSentEvent[]>
  /** Settles when the server ends the stream. */
  ended: Promise<void>
  close(): void
}

/** Opens the stream and waits for its first bytes. `query` and `headers` carry the id seen last. */
export async function openStream(
  baseUrl: string,
  token: string,
  { query = '', headers = {} }: { query?: string; headers?: Record<string, string> } = {},
): Promise<EventStreamClient> {
  const abort = new AbortController()
  const response = await fetch(`${baseUrl}/api/sse${query}`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
    signal: abort.signal,
  })
  if (!response.ok || response.body === null) throw new Error(`no stream: ${response.status} ${await response.text()}`)
  const events: ServerSentEvent[] = []
  let lastId = ''
  const ended = read(response.body, (event) => {
    lastId = event.id ?? lastId
    if (event.data !== undefined) events.push(event)
  })
  await eventually('the position or a reset', () => lastId !== '')
  return {
    response,
    events,
    lastId: () => lastId,
    atLeast: (count) =>
      eventually(`${count} events, have ${JSON.stringify(events)}`, () => events.length >= count && events),
    ended,
    close: () => abort.abort(),
  }
}

async function read(body: ReadableStream<Uint8Array>, onEvent: (event: ServerSentEvent) => void): Promise<void> {
  const decoder = new TextDecoder()
  let pending = ''
  try {
    for await (const chunk of body) {
      const blocks = (pending + decoder.decode(chunk, { stream: true })).split('\n\n')
      pending = blocks.pop() ?? ''
      for (const block of blocks) onEvent(readBlock(block))
    }
  } catch (error) {
    if (!(error instanceof DOMException)) throw error
  }
}

function readBlock(block: string): ServerSentEvent {
  const event: ServerSentEvent = {}
  for (const line of block.split('\n')) {
    const [name, ...rest] = line.split(': ')
    if (name === 'id' || name === 'event' || name === 'data') event[name] = rest.join(': ')
  }
  return event
}
