/** What a STOMP session needs of whatever carries it: a way to send text, to hear topics, and to be closed. */
import { messageFrame } from './sockjs/framing.ts'

/** `raw`: a STOMP frame is the message. `sockjs`: it stands inside a SockJS array. */
export type Framing = 'raw' | 'sockjs'

export type Transport = {
  readonly framing: Framing
  /** Sends one STOMP frame or heart-beat. Does nothing once closed. */
  send(text: string): void
  /** From now on, until `leave`, whatever is published to the topic (already framed) reaches this client. */
  join(topic: string): void
  leave(topic: string): void
  /** Closes after everything sent before has been delivered. `code` is a WebSocket close code (RFC 6455 section 7.4). */
  close(code: number, reason: string): void
}

export function frameText(framing: Framing, text: string): string {
  return framing === 'sockjs' ? messageFrame(text) : text
}
