/** As much of RFC 6455 as a client needs that looks at lengths and hands the bytes on. */
export const opcode = { text: 0x1, close: 0x8, ping: 0x9, pong: 0xa } as const

/** One whole frame. Clients must mask (section 5.3); a key of zeros does so without a pass over the bytes. */
export function clientFrame(kind: number, payload: string | Buffer): Buffer {
  const body = typeof payload === 'string' ? Buffer.from(payload) : payload
  const extended = body.length < 126 ? 0 : 2
  const frame = Buffer.alloc(2 + extended + 4 + body.length)
  frame[0] = 0x80 | kind
  frame[1] = 0x80 | (extended === 0 ? body.length : 126)
  if (extended > 0) frame.writeUInt16BE(body.length, 2)
  body.copy(frame, 2 + extended + 4)
  return frame
}

export type OnFrame<C> = (context: C, kind: number, bytes: Buffer, start: number, end: number) => void

/** Calls `onFrame` for each whole frame of a server and returns where the first unfinished one begins. */
export function readFrames<C>(bytes: Buffer, context: C, onFrame: OnFrame<C>): number {
  let at = 0
  while (at + 2 <= bytes.length) {
    const short = (bytes[at + 1] ?? 0) & 0x7f
    const head = short < 126 ? 2 : short === 126 ? 4 : 10
    if (at + head > bytes.length) break
    const length =
      short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2))
    const end = at + head + length
    if (end > bytes.length) break
    onFrame(context, (bytes[at] ?? 0) & 0x0f, bytes, at + head, end)
    at = end
  }
  return at
}
