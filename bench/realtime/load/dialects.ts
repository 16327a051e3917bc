/** What differs from server to server: where to connect, what to say first, how a line is sent. */
import { bare } from './dialects/bare.ts'
import { eventStream } from './dialects/event-stream.ts'
import { socketIo } from './dialects/socket-io.ts'
import { stomp } from './dialects/stomp.ts'
import type { ConnectOptions, DialectName } from './protocol.ts'

export type Reaction = {
  /** Texts to send in return. */
  say?: string[]
  /** From now on the viewer receives everything it came for. */
  entered?: boolean
  /** The server refuses; the connection is of no use. */
  refused?: string
}

export type Dialect = {
  /** Path of the request that opens the connection of a viewer, and its headers beyond those of every request. */
  request(viewer: number): { path: string; headers?: Record<string, string> }
  /** What to do about a text message that delivered nothing. */
  react(viewer: number, text: string): Reaction
  /** The text message that says `content`. */
  line(viewer: number, content: string): string
  heartBeat: string
}

/** Made once for all connections of a `connect`: whatever is expensive (tokens) is prepared here, before the clock runs. */
export type CreateDialect = (options: ConnectOptions) => Promise<Dialect>

const creators: Record<DialectName, CreateDialect> = { bare, stomp, 'socket.io': socketIo, sse: eventStream }

export function createDialect(options: ConnectOptions): Promise<Dialect> {
  return creators[options.target.dialect](options)
}
