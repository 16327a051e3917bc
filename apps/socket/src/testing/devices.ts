/** What a person holds in the hand: something that comes back, whatever happens to the instance it was connected to. */
import type { DirectMessageDto } from '@mopl/contracts/realtime'
import { eventually } from '@mopl/infrastructure/testing'
import { type EventStreamClient, openStream, type ServerSentEvent } from './event-source.ts'
import { StompClient } from './stomp-client.ts'
import type { Account } from './system.ts'

/** Longer than the instance waits for the brokers. */
const answerWithinMs = 15_000
const destination = (id: string) => `conversations/${id}/direct-messages`

/** One WebSocket at a time, with one conversation open; sends again, under the same key, until there is a receipt. */
export class Device {
  failures = 0
  readonly #account: Account
  readonly #openConversation: string
  readonly #anInstance: () => string
  readonly #clients: StompClient[] = []

  constructor(account: Account, openConversation: string, anInstance: () => string) {
    this.#account = account
    this.#openConversation = openConversation
    this.#anInstance = anInstance
  }

  /** Every message that came over any of its connections, in order, repeated ones included. */
  get seen(): DirectMessageDto[] {
    const messages = this.#clients.flatMap(({ frames }) => frames.filter(({ command }) => command === 'MESSAGE'))
    return messages.map(({ body }) => JSON.parse(body) as DirectMessageDto)
  }

  /** Settles with the receipt. `content` is unique and serves as the key. */
  async send(conversationId: string, content: string): Promise<void> {
    for (;;) {
      const client = await this.#connected().catch(() => undefined)
      if (client !== undefined && (await isAcknowledged(client, conversationId, content))) return
      this.failures += 1
      client?.drop()
    }
  }

  close(): void {
    this.#clients.at(-1)?.drop()
  }

  async #connected(): Promise<StompClient> {
    const current = this.#clients.at(-1)
    if (current?.socket.readyState === WebSocket.OPEN) return current
    const client = await StompClient.signIn(this.#anInstance(), this.#account.token)
    this.#clients.push(client)
    await client.subscribe(`/sub/${destination(this.#openConversation)}`)
    return client
  }
}

async function isAcknowledged(client: StompClient, conversationId: string, content: string): Promise<boolean> {
  const headers = `destination:/pub/${destination(conversationId)}\nreceipt:${content}\nidempotency-key:${content}\n`
  client.send(`SEND\n${headers}\n${JSON.stringify({ content })}`)
  const isReceipt = (frame: StompClient['frames'][number]) => frame.headers['receipt-id'] === content
  await eventually(
    'an answer',
    () => client.closed !== undefined || client.frames.some(isReceipt),
    answerWithinMs,
  ).catch(() => undefined)
  return client.frames.some((frame) => frame.command === 'RECEIPT' && isReceipt(frame))
}

/** One event stream at a time, continued where the one before ended. */
export class Listener {
  readonly events: ServerSentEvent[] = []
  readonly #account: Account
  readonly #anInstance: () => string
  #closed = false
  #stream: EventStreamClient | undefined

  constructor(account: Account, anInstance: () => string) {
    this.#account = account
    this.#anInstance = anInstance
  }

  /** Settles when it is closed. */
  async listen(): Promise<void> {
    for (let lastId = ''; !this.#closed;) {
      const query = lastId === '' ? '' : `?lastEventId=${lastId}`
      const stream = await openStream(this.#anInstance(), this.#account.token, { query }).catch(() => undefined)
      if (stream === undefined) continue
      this.#stream = stream
      if (this.#closed) stream.close()
      // An instance that is killed breaks the stream in the middle.
      await stream.ended.catch(() => undefined)
      this.events.push(...stream.events)
      lastId = stream.lastId()
    }
  }

  /** The texts of the direct messages that came, those of the stream that is open included. */
  get texts(): string[] {
    const open = this.#closed ? [] : (this.#stream?.events ?? [])
    return [...this.events, ...open]
      .filter(({ event }) => event === 'direct-messages')
      .map(({ data }) => (JSON.parse(data ?? '{}') as DirectMessageDto).content)
  }

  close(): void {
    this.#closed = true
    this.#stream?.close()
  }
}
