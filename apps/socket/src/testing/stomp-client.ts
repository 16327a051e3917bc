/** A client that shows every frame as it came: no library between the test and the wire. */
import { eventually } from '@mopl/infrastructure/testing'

/** Long, for a machine that does many other things; what has to be quick is measured by its test. */
const answerWithinMs = 20_000

export type Frame = { command: string; headers: Record<string, string>; body: string }

export type StompClientOptions = {
  framing?: 'raw' | 'sockjs'
  protocols?: string[]
  headers?: Record<string, string>
}

export class StompClient {
  readonly frames: Frame[] = []
  /** Everything else that came: SockJS' own frames, heart-beats. */
  readonly other: string[] = []
  closed: { code: number; reason: string } | undefined
  readonly socket: WebSocket
  readonly framing: 'raw' | 'sockjs'

  constructor(baseUrl: string, { framing = 'sockjs', protocols = [], headers = {} }: StompClientOptions = {}) {
    this.framing = framing
    const path = framing === 'sockjs' ? `/ws/001/${crypto.randomUUID()}/websocket` : '/ws/websocket'
    this.socket = new WebSocket(baseUrl.replace('http', 'ws') + path, { protocols, headers })
    this.socket.addEventListener('message', ({ data }) => this.#receive(String(data)))
    this.socket.addEventListener('close', ({ code, reason }) => {
      this.closed = { code, reason }
    })
  }

  static async signIn(baseUrl: string, token: string, options?: StompClientOptions): Promise<StompClient> {
    const client = new StompClient(baseUrl, options)
    await client.opened()
    client.send(connectFrame(token))
    await client.next('CONNECTED')
    return client
  }

  async opened(): Promise<void> {
    await eventually('the socket is open', () => this.socket.readyState === WebSocket.OPEN, answerWithinMs)
  }

  /** Sends a frame's text; the NUL at its end is added. */
  send(frame: string): void {
    this.sendRaw(this.framing === 'sockjs' ? JSON.stringify([`${frame}\0`]) : `${frame}\0`)
  }

  sendRaw(data: string | Uint8Array): void {
    this.socket.send(data)
  }

  /** Subscribes and waits until the subscription stands. */
  async subscribe(destination: string, id = 'sub-0'): Promise<void> {
    this.send(`SUBSCRIBE\nid:${id}\ndestination:${destination}\nreceipt:r-${id}\n\n`)
    await this.next('RECEIPT', (frame) => frame.headers['receipt-id'] === `r-${id}`)
  }

  /** Waits for the first such frame that was not returned before, and takes it out. */
  async next(
    command: string,
    isIt: (frame: Frame) => boolean = () => true,
    timeoutMs = answerWithinMs,
  ): Promise<Frame> {
    return eventually(
      `a ${command} frame (have ${JSON.stringify(this.frames)}, closed ${JSON.stringify(this.closed)})`,
      () => {
        const at = this.frames.findIndex((frame) => frame.command === command && isIt(frame))
        return at === -1 ? undefined : this.frames.splice(at, 1)[0]
      },
      timeoutMs,
    )
  }

  async nextMessage<T = Record<string, unknown>>(subscription = 'sub-0', timeoutMs = answerWithinMs): Promise<T> {
    const message = await this.next('MESSAGE', ({ headers }) => headers['subscription'] === subscription, timeoutMs)
    return JSON.parse(message.body) as T
  }

  async untilClosed(timeoutMs = answerWithinMs): Promise<{ code: number; reason: string }> {
    return eventually('the socket is closed', () => this.closed, timeoutMs)
  }

  /** Drops the connection without a word of STOMP. */
  drop(code?: number): void {
    this.socket.close(code)
  }

  #receive(data: string): void {
    if (this.framing === 'sockjs' && !data.startsWith('a')) return void this.other.push(data)
    const texts = this.framing === 'sockjs' ? (JSON.parse(data.slice(1)) as string[]) : [data]
    for (const text of texts) {
      if (text === '\n') this.other.push(text)
      else this.frames.push(readFrame(text))
    }
  }
}

export function connectFrame(token: string, headers = 'accept-version:1.2,1.1,1.0\nheart-beat:4000,4000\n'): string {
  return `CONNECT\n${headers}Authorization:Bearer ${token}\n\n`
}

function readFrame(text: string): Frame {
  const split = text.indexOf('\n\n')
  const [command = '', ...lines] = text.slice(0, split).split('\n')
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1)]
  })
  return { command, headers: Object.fromEntries(headers), body: text.slice(split + 2, -1) }
}
