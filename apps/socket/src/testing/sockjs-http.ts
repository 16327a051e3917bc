/** SockJS over HTTP by hand: one session, its requests, and what a response that stays open has brought so far. */
import { eventually } from '@mopl/infrastructure/testing'
import { connectFrame } from './stomp-client.ts'

export type OpenResponse = {
  response: Response
  text(): string
  /** Waits until `part` is there. */
  until(part: string): Promise<string>
  /** Settles when the server has ended the response, or it was aborted. */
  ended: Promise<void>
  isOver(): boolean
  abort(): void
}

export class SockJsHttp {
  readonly url: string

  constructor(baseUrl: string, path = `000/${crypto.randomUUID()}`) {
    this.url = `${baseUrl}/ws/${path}`
  }

  post(name: string, body = '', headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.url}/${name}`, { method: 'POST', body, headers })
  }

  get(name: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.url}/${name}`, { headers })
  }

  async poll(): Promise<string> {
    return (await this.post('xhr')).text()
  }

  /** Sends STOMP frames, each with its NUL, in one request. */
  async send(...frames: string[]): Promise<void> {
    const response = await this.post('xhr_send', JSON.stringify(frames.map((frame) => `${frame}\0`)))
    if (response.status !== 204) throw new Error(`${response.status} ${await response.text()}`)
  }

  /** Opens a response that stays open and waits for its head. */
  async open(name: string, method = 'POST'): Promise<OpenResponse> {
    const abort = new AbortController()
    const response = await fetch(`${this.url}/${name}`, { method, signal: abort.signal })
    let text = ''
    let isOver = false
    const onText = (part: string) => {
      text += part
    }
    const ended = read(response, onText).finally(() => {
      isOver = true
    })
    return {
      response,
      text: () => text,
      until: (part) =>
        eventually(`${JSON.stringify(part)} in ${JSON.stringify(text)}`, () => text.includes(part) && text),
      ended,
      isOver: () => isOver,
      abort: () => abort.abort(),
    }
  }
}

/** A session that is signed in, and has nothing waiting. */
export async function openSession(baseUrl: string, token: string): Promise<SockJsHttp> {
  const session = new SockJsHttp(baseUrl)
  const opening = await session.poll()
  await session.send(connectFrame(token))
  const greeting = opening + (await session.poll())
  if (!greeting.startsWith('o\na["CONNECTED')) throw new Error(`not signed in: ${greeting}`)
  return session
}

/** A frame without any effect but its receipt: the server says what it is asked to. */
export const receiptFor = (id: string) => `ACK\nid:1\nreceipt:${id}\n\n`
/** The receipt, quoted. */
export const receipt = (id: string) => JSON.stringify(`RECEIPT\nreceipt-id:${id}\n\n\0`)

async function read({ body }: Response, onText: (text: string) => void): Promise<void> {
  if (body === null) return
  const decoder = new TextDecoder()
  try {
    for await (const chunk of body) onText(decoder.decode(chunk, { stream: true }))
  } catch (error) {
    if (!(error instanceof DOMException)) throw error
  }
}
