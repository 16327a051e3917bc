/** A watcher with the public clients: `@stomp/stompjs` over `sockjs-client`, as the web client has them. */
import { Client, type IMessage } from '@stomp/stompjs'
import SockJS from 'sockjs-client'
import { eventually } from '@mopl/infrastructure/eventually'

export class StompClient {
  readonly #client: Client
  readonly #received: { destination: string; body: unknown }[] = []
  /** The CONNECTED frame's `server` header names the instance. */
  server = ''

  private constructor(client: Client) {
    this.#client = client
  }

  static async connect(baseUrl: string, accessToken: string): Promise<StompClient> {
    const client = new Client({
      webSocketFactory: () => new SockJS(`${baseUrl}/ws`),
      connectHeaders: { Authorization: `Bearer ${accessToken}` },
      heartbeatIncoming: 4_000,
      heartbeatOutgoing: 4_000,
      reconnectDelay: 0,
    })
    const self = new StompClient(client)
    await new Promise<void>((resolve, reject) => {
      client.onConnect = (frame) => {
        self.server = frame.headers['server'] ?? ''
        resolve()
      }
      client.onStompError = (frame) => reject(new Error(`STOMP ERROR ${frame.headers['message']}: ${frame.body}`))
      client.onWebSocketClose = (event: CloseEvent) =>
        reject(new Error(`closed before CONNECTED: ${event.code} ${event.reason}`))
      client.activate()
    })
    return self
  }

  subscribe(destination: string): { unsubscribe(): void } {
    return this.#client.subscribe(destination, (message: IMessage) => {
      this.#received.push({ destination, body: JSON.parse(message.body) })
    })
  }

  send(destination: string, body: unknown): void {
    this.#client.publish({ destination, body: JSON.stringify(body) })
  }

  /** The first message on `destination`, past or to come, that `accept` takes. */
  async message<T>(destination: string, accept: (body: T) => boolean): Promise<T> {
    return eventually(`a message on ${destination}`, () =>
      this.#received
        .filter((one) => one.destination === destination)
        .map((one) => one.body as T)
        .find(accept),
    )
  }

  async disconnect(): Promise<void> {
    await this.#client.deactivate()
  }
}
