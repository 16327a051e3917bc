/** What the bench and its load processes say to each other, over Bun's channel between processes. */
import type { Buckets } from './histogram.ts'
import type { Spacing } from './schedule.ts'

/** How to talk to a server: `bare` publishes what it gets, `stomp` is STOMP over SockJS, `sse` is an HTTP stream. */
export type DialectName = 'bare' | 'stomp' | 'socket.io' | 'sse'

export type Target = { port: number; dialect: DialectName }

/**
 * What a viewer came for: `chat` reads a room's lines, `watch` joins it, `speak` only sends lines; `inbox` reads the
 * viewer's conversation and `write` sends into it.
 */
export type Role = 'chat' | 'watch' | 'speak' | 'inbox' | 'write'

export type ConnectOptions = {
  target: Target
  role: Role
  /** Viewers are numbered; see viewers.ts for who they are. */
  firstViewer: number
  viewers: number
  /** Connections being opened at the same time. */
  concurrency: number
  /** Offered in CONNECT, and sent; 0 for none. */
  heartBeatMs: number
  /** For all of them together; whoever has not entered by then has failed. */
  patienceMs: number
}

/** From the first connection being opened to the last viewer having entered, on the clock of clock.ts. */
export type Entry = { startedMicros: number; enteredMicros: number; failed: number; failedBecause: string }

export type SendOptions = {
  lines: number
  linesPerSecond: number
  spacing: Spacing
  startMicros: number
  /** Characters of a line's text. */
  lineLength: number
}

export type Report = {
  open: number
  deliveries: number
  /** Of the payloads that carried deliveries. */
  bytes: number
  latency: { buckets: Buckets; max: number }
  /** Connections whose last WatchMessage said each number of watchers. */
  counts: [watcherCount: number, connections: number][]
  /** When a count last changed on any connection. */
  countsChangedMicros: number
  /** Connections lost since they were open, and the first reason given. */
  lost: number
  lostBecause: string
}

export type Commands = {
  connect: { params: ConnectOptions; result: Entry }
  /** Forgets deliveries and latencies; the connections stay. */
  clear: { params: Record<string, never>; result: void }
  /** Resolves when the last line is on its way. */
  send: { params: SendOptions; result: void }
  report: { params: Record<string, never>; result: Report }
  disconnect: { params: Record<string, never>; result: void }
}

export type CommandName = keyof Commands

export type Call = { [N in CommandName]: { id: number; name: N; params: Commands[N]['params'] } }[CommandName]
export type Answer = { id: number; result: unknown } | { id: number; error: string }
