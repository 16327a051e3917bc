/**
 * What a page of the browser test runs: the real-time part of a web client, with the public clients. Bundled for the
 * browser; the test drives it through `globalThis.visit`.
 */
import { Client } from '@stomp/stompjs'
import SockJS from 'sockjs-client'
import { EventStream } from '../tour/event-stream.ts'

export type Visit = typeof visit
export type Received = { destination: string; body: unknown }

const received: Received[] = []
let client: Client | undefined
let sockJs: WebSocket | undefined
let stream: EventStream | undefined

const visit = {
  /** Everything that came over STOMP, in order. */
  received: () => received,
  /** What came over the event stream: the names and data of its events. */
  events: () => stream?.events.map(({ event, data }) => ({ event, body: JSON.parse(data) as unknown })) ?? [],
  /** The SockJS transport in use. */
  transport: () => (sockJs as { transport?: string } | undefined)?.transport,

  /** Signs in on a socket; `transport` forces one of SockJS'. */
  connect: (baseUrl: string, accessToken: string, transport?: string) =>
    new Promise<void>((resolve, reject) => {
      const options = transport === undefined ? {} : { transports: transport }
      client = new Client({
        webSocketFactory: () => (sockJs = new SockJS(`${baseUrl}/ws`, null, options)),
        connectHeaders: { Authorization: `Bearer ${accessToken}` },
        reconnectDelay: 0,
        onConnect: () => resolve(),
        onStompError: ({ body }) => reject(new Error(body)),
        onWebSocketClose: ({ code, reason }: CloseEvent) => reject(new Error(`closed: ${code} ${reason}`)),
      })
      client.activate()
    }),

  /** Settles when the subscription stands. */
  subscribe: (destination: string) =>
    new Promise<void>((resolve) => {
      const receipt = crypto.randomUUID()
      client?.watchForReceipt(receipt, () => resolve())
      const onMessage = ({ body }: { body: string }) => void received.push({ destination, body: JSON.parse(body) })
      client?.subscribe(destination, onMessage, { receipt })
    }),

  send: (destination: string, body: object) => client?.publish({ destination, body: JSON.stringify(body) }),

  openStream: async (baseUrl: string, accessToken: string) => {
    stream = await EventStream.open(baseUrl, accessToken)
  },

  disconnect: () => client?.deactivate(),
}

Object.assign(globalThis, { visit })
