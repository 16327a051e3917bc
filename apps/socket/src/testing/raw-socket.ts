/** A WebSocket by hand (RFC 6455 section 5), for what no client of a library does: not reading, not answering pings. */
import { once } from 'node:events'
import { createConnection } from 'node:net'
import type { TestApp } from '@mopl/infrastructure/testing'

export type RawSocket = { send(message: string | Uint8Array): void; destroy(): void }

/** Opens `/ws/websocket` and stops reading. */
export async function openRawSocket(
  { url }: Pick<TestApp, 'url'>,
  headers: Record<string, string> = {},
): Promise<RawSocket> {
  const { hostname, port } = new URL(url)
  const socket = createConnection(Number(port), hostname)
  const handshake = {
    Host: 'x',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': Buffer.from('0123456789abcdef').toString('base64'),
    ...headers,
  }
  const lines = Object.entries(handshake).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`GET /ws/websocket HTTP/1.1\r\n${lines.join('')}\r\n`)
  await once(socket, 'data')
  socket.pause()
  return {
    send(message) {
      const payload = Buffer.from(message)
      const head = Buffer.alloc(8)
      head.writeUInt16BE(0x81_fe)
      head.writeUInt16BE(payload.length, 2)
      // A mask of zeros is a mask.
      socket.write(Buffer.concat([head, payload]))
    },
    destroy: () => void socket.destroy(),
  }
}
