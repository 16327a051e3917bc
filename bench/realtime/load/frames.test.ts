import { describe, expect, test } from 'bun:test'
import { clientFrame, opcode, readFrames } from './frames.ts'

/** An unmasked frame, as servers send them: RFC 6455 section 5.2. */
function serverFrame(payload: Buffer): Buffer {
  const head = Buffer.alloc(payload.length < 126 ? 2 : payload.length < 65_536 ? 4 : 10)
  head[0] = 0x80 | opcode.text
  head[1] = payload.length < 126 ? payload.length : payload.length < 65_536 ? 126 : 127
  if (head.length === 4) head.writeUInt16BE(payload.length, 2)
  if (head.length === 10) head.writeBigUInt64BE(BigInt(payload.length), 2)
  return Buffer.concat([head, payload])
}

/** Reads `bytes` in pieces of `size`, as a connection does: what is left over is read again with what follows. */
function payloadLengths(bytes: Buffer, size: number): number[] {
  const lengths: number[] = []
  let rest = Buffer.alloc(0)
  for (let at = 0; at < bytes.length; at += size) {
    rest = Buffer.concat([rest, bytes.subarray(at, at + size)])
    const consumed = readFrames(rest, lengths, (found, _kind, _bytes, start, end) => void found.push(end - start))
    rest = rest.subarray(consumed)
  }
  return lengths
}

describe('frames of a server', () => {
  const lengths = [0, 1, 125, 126, 300, 65_535, 65_536]
  const bytes = Buffer.concat(lengths.map((length) => serverFrame(Buffer.alloc(length, 'x'))))

  test.each([1, 2, 3, 7, 130, 4_096, bytes.length])('are found whole when they come in pieces of %d bytes', (size) => {
    expect(payloadLengths(bytes, size)).toEqual(lengths)
  })
})

test('a real server reads what the client writes', async () => {
  const received = Promise.withResolvers<string>()
  using server = Bun.serve({
    port: 0,
    fetch: (request, self) => (self.upgrade(request) ? undefined : new Response(null, { status: 400 })),
    websocket: { message: (_, text) => received.resolve(String(text)) },
  })
  const line = 'line '.repeat(60)
  const key =
    'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
  const socket = await Bun.connect({
    hostname: '127.0.0.1',
    port: server.port ?? 0,
    socket: { data: (socket) => void socket.write(clientFrame(opcode.text, line)) },
  })
  socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\n${key}\r\n\r\n`)
  expect(await received.promise).toBe(line)
  socket.terminate()
})
