/**
 * One viewer's connection, on a bare TCP socket: `Bun.connect` costs the load processes less per message than
 * `node:net` in Bun or in Node, and all sockets share one set of callbacks.
 */
import type { Socket, SocketHandler, TCPSocketConnectOptions } from 'bun'
import type { Dialect } from './dialects.ts'
import { clientFrame, opcode, readFrames } from './frames.ts'
import type { Tally } from './tally.ts'

export type Connection = {
  viewer: number
  dialect: Dialect
  tally: Tally
  /** `watch` counts watchers, everything else counts lines. */
  countsWatchers: boolean
  socket: Socket<Connection> | undefined
  phase: 'opening' | 'frames' | 'stream'
  /** The beginning of what has not arrived whole. */
  rest: Buffer | undefined
  watcherCount: number
  entered(): void
  ended(reason: string): void
}

export type OpenOptions = Pick<Connection, 'viewer' | 'dialect' | 'tally' | 'countsWatchers'> & {
  port: number
  timeoutMs: number
  onLost: (connection: Connection, reason: string) => void
}

/**
 * Opens a connection and resolves when the viewer receives what it came for.
 *
 * @throws {Error} when the server refuses, hangs up first, or takes longer than `timeoutMs`
 */
export async function openConnection({ port, timeoutMs, onLost, ...about }: OpenOptions): Promise<Connection> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const connection: Connection = {
    ...about,
    socket: undefined,
    phase: 'opening',
    rest: undefined,
    watcherCount: 0,
    entered: resolve,
    ended: (reason) => reject(new Error(reason)),
  }
  const timer = setTimeout(() => connection.ended('took too long to enter'), Math.max(0, timeoutMs))
  // `localAddress` is not among the declared options of `Bun.connect`.
  const options: TCPSocketConnectOptions<Connection> & { localAddress: string } = {
    hostname: '127.0.0.1',
    port,
    localAddress: addressOf(about.viewer),
    data: connection,
    socket: callbacks,
  }
  try {
    connection.socket = await Bun.connect(options)
    await promise
  } catch (error) {
    connection.socket?.terminate()
    throw error
  } finally {
    clearTimeout(timer)
  }
  connection.ended = (reason) => onLost(connection, reason)
  return connection
}

export function say(connection: Connection, text: string): void {
  write(connection, clientFrame(opcode.text, text))
}

/** Its own end is not a loss. */
export function hangUp(connection: Connection): void {
  connection.ended = () => undefined
  connection.socket?.terminate()
}

/** Every viewer has an address of its own, so that neither ports nor limits per address run out. */
function addressOf(viewer: number): string {
  return `127.${1 + ((viewer >> 15) % 200)}.${(viewer >> 7) % 250}.${1 + (viewer % 128)}`
}

const callbacks: SocketHandler<Connection> = {
  open(socket) {
    const { path, headers = upgradeHeaders } = socket.data.dialect.request(socket.data.viewer)
    const lines = Object.entries({ Host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
  },
  data(socket, chunk) {
    const connection = socket.data
    connection.socket = socket
    const bytes = connection.rest === undefined ? chunk : Buffer.concat([connection.rest, chunk])
    const consumed = consume[connection.phase](connection, bytes)
    connection.rest = consumed === bytes.length ? undefined : bytes.subarray(consumed)
  },
  close: (socket) => socket.data.ended('the server closed the connection'),
  error: (socket, error) => socket.data.ended(error.message),
  connectError: (socket, error) => socket.data.ended(error.message),
}

const upgradeHeaders = {
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
}

/** Each returns how many of the bytes it is done with. */
const consume: Record<Connection['phase'], (connection: Connection, bytes: Buffer) => number> = {
  opening(connection, bytes) {
    const end = bytes.indexOf('\r\n\r\n')
    if (end < 0) return 0
    const status = bytes.toString('latin1', 9, 12)
    if (status === '101') connection.phase = 'frames'
    else if (status === '200') enterStream(connection)
    else connection.ended(`the server answered ${status}`)
    const head = end + 4
    return head + consume[connection.phase](connection, bytes.subarray(head))
  },

  frames: (connection, bytes) => readFrames(bytes, connection, onFrame),

  /** Chunks and events end with a line; no stamp goes over one. */
  stream(connection, bytes) {
    const end = bytes.lastIndexOf('\n') + 1
    connection.tally.takeLines(bytes, 0, end)
    return end
  },
}

function enterStream(connection: Connection): void {
  connection.phase = 'stream'
  connection.entered()
}

function onFrame(connection: Connection, kind: number, bytes: Buffer, start: number, end: number): void {
  if (kind === opcode.text) onText(connection, bytes, start, end)
  else if (kind === opcode.ping) write(connection, clientFrame(opcode.pong, bytes.subarray(start, end)))
  else if (kind === opcode.close) connection.ended(`closed with ${end - start < 2 ? 1005 : bytes.readUInt16BE(start)}`)
}

function onText(connection: Connection, bytes: Buffer, start: number, end: number): void {
  const { tally, dialect, viewer } = connection
  if (connection.countsWatchers) {
    const count = tally.takeWatcherCount(bytes, start, end)
    if (count !== undefined) {
      connection.watcherCount = count
      return
    }
  } else if (tally.takeLines(bytes, start, end) > 0) return
  const { say: answers = [], entered = false, refused } = dialect.react(viewer, bytes.toString('utf8', start, end))
  for (const answer of answers) say(connection, answer)
  if (entered) connection.entered()
  if (refused !== undefined) connection.ended(refused)
}

/** A loopback socket takes a few hundred bytes whole; one that does not is stuck. */
function write(connection: Connection, frame: Buffer): void {
  if (connection.socket?.write(frame) !== frame.length) connection.ended('the server stopped reading')
}
