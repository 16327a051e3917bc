/** STOMP over WebSocket, with SockJS framing or raw: both endpoints, their limits, and the life of a connection. */
import { AppError, type ErrorCode } from '@mopl/contracts/errors'
import type { HttpResponse, TemplatedApp, WebSocket, WebSocketBehavior } from 'uWebSockets.js'
import { answerError, requestIdOf } from './http.ts'
import type { Origins } from './origins.ts'
import { beatFrame, closeFrame, openFrame, readMessages } from './sockjs/framing.ts'
import { sessionIdOf } from './sockjs/session-path.ts'
import { stompVersions } from './stomp/frame.ts'
import type { Services } from './stomp/services.ts'
import { StompSession } from './stomp/session.ts'
import { type Framing, frameText, type Transport } from './transport.ts'

/** Every limit of the library stands here or in `trust/limits.ts`: its defaults drop messages in silence when a reader is slow. */
const limits = {
  maxPayloadLength: 64 * 1024,
  maxBackpressure: 1024 * 1024,
  closeOnBackpressureLimit: 1,
  // Pings go out before the idle time runs out, so that a background tab whose timers are throttled stays, and a dead line does not.
  sendPingsAutomatically: true,
  maxLifetime: 0,
  compression: 0,
} as const

/** How the library says that the idle time ran out. */
const timedOut = Buffer.from('WebSocket timed out from inactivity')

const sockJsBeatTopic = 'sockjs/beat'

/** The library copies what stands in it onto a socket of its own. */
type SocketData = { connection: Connection }

export type WebSockets = {
  /** SockJS' own heart-beat. */
  beat(): void
  /** Takes no new connections from now on; returns those that are left to be ended. */
  stop(): StompSession[]
}

export function webSockets(app: TemplatedApp, services: Services, origins: Origins): WebSockets {
  const open = new Set<StompSession>()
  let stopping = false

  const behavior = (framing: Framing): WebSocketBehavior<SocketData> => ({
    ...limits,
    idleTimeout: services.limits.IDLE_TIMEOUT_SECONDS,
    upgrade: (res, req, context) => {
      // A gateway keeps connections, on which one more may be asked for.
      if (stopping) return refuse(res, services, 'UNAVAILABLE')
      if (!origins.allows(req)) return refuse(res, services, 'ORIGIN_NOT_ALLOWED')
      if (framing === 'sockjs' && sessionIdOf(req) === undefined) return answerError(res, 'ROUTE_NOT_FOUND')
      const leave = services.admission.admit(res, req)
      if (leave === undefined) return refuse(res, services, 'TOO_MANY_REQUESTS')
      const connection = new Connection(framing, requestIdOf(req), leave)
      const protocol = framing === 'raw' ? subprotocol(req.getHeader('sec-websocket-protocol')) : ''
      const [key, extensions] = ['sec-websocket-key', 'sec-websocket-extensions'].map((name) => req.getHeader(name))
      return res.upgrade<SocketData>({ connection }, key ?? '', protocol, extensions ?? '', context)
    },
    open: (ws) => {
      services.metrics.connections.inc({ transport: framing })
      if (framing === 'sockjs') {
        ws.send(openFrame)
        ws.subscribe(sockJsBeatTopic)
      }
      open.add(ws.getUserData().connection.opened(ws, services))
    },
    message: (ws, message) => {
      const { session } = ws.getUserData().connection
      if (session === undefined) return
      session.heard(message.byteLength)
      receive(session, framing, Buffer.from(message))
    },
    // Past its limit the library drops the message, and closes the connection after this.
    dropped: (ws) => {
      const { connection } = ws.getUserData()
      if (connection.slow) return
      connection.slow = true
      services.metrics.slowReaders.inc({ transport: framing })
    },
    close: (ws, _code, reason) => {
      services.metrics.connections.dec({ transport: framing })
      if (Buffer.from(reason).equals(timedOut)) services.metrics.limitsExceeded.inc({ limit: 'idle-time' })
      const { connection } = ws.getUserData()
      const { session } = connection
      connection.gone()
      connection.giveBack()
      if (session === undefined) return
      open.delete(session)
      session.lost()
    },
  })

  app.ws('/ws/websocket', behavior('raw'))
  app.ws('/ws/:server/:session/websocket', behavior('sockjs'))

  return {
    beat: () => void app.publish(sockJsBeatTopic, beatFrame),
    stop: () => {
      stopping = true
      return [...open]
    },
  }
}

/** What a WebSocket carries with it: one object, because there are many. */
class Connection implements Transport {
  readonly framing: Framing
  readonly requestId: string
  /** Gives its place among the admitted back. */
  readonly giveBack: () => void
  session: StompSession | undefined
  slow = false
  /** Nothing of a socket that is gone may be touched. */
  #ws: WebSocket<SocketData> | undefined

  constructor(framing: Framing, requestId: string, giveBack: () => void) {
    this.framing = framing
    this.requestId = requestId
    this.giveBack = giveBack
  }

  opened(ws: WebSocket<SocketData>, services: Services): StompSession {
    this.#ws = ws
    this.session = new StompSession(this, services, this.requestId)
    return this.session
  }

  send(text: string): void {
    this.#ws?.send(frameText(this.framing, text))
  }

  join(topic: string): void {
    this.#ws?.subscribe(topic)
  }

  leave(topic: string): void {
    this.#ws?.unsubscribe(topic)
  }

  close(code: number, reason: string): void {
    const ws = this.#ws
    if (this.framing === 'sockjs') ws?.send(closeFrame(code, reason))
    this.gone()
    ws?.end(code, reason)
  }

  gone(): void {
    this.#ws = undefined
  }
}

function receive(session: StompSession, framing: Framing, message: Buffer): void {
  if (framing === 'raw') return session.receive(message)
  try {
    for (const text of readMessages(message.toString())) session.receive(Buffer.from(text))
  } catch (error) {
    session.fail(error instanceof AppError ? error : new AppError('INTERNAL', {}, undefined, { cause: error }))
  }
}

/** The best of ours that the client offers; none is fine too. STOMP 1.2, "WebSocket subprotocol" (v12.stomp). */
function subprotocol(offered: string): string {
  const names = new Set(offered.split(',').map((name) => name.trim()))
  return stompVersions.map((version) => `v${version.replace('.', '')}.stomp`).find((name) => names.has(name)) ?? ''
}

function refuse(res: HttpResponse, { metrics }: Services, code: ErrorCode): void {
  metrics.refusals.inc({ code })
  answerError(res, code)
}
