import { AppError } from '@mopl/contracts/errors'
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { RawFrame } from './frame.ts'
import { StompParser } from './parser.ts'

const parse = (...chunks: (string | Uint8Array)[]) => {
  const parser = new StompParser()
  const frames: RawFrame[] = []
  for (const chunk of chunks) frames.push(...parser.push(Buffer.from(chunk)))
  return frames
}
const refusal = (...chunks: (string | Uint8Array)[]) => {
  try {
    parse(...chunks)
    return undefined
  } catch (error) {
    return error instanceof AppError ? error.code : error
  }
}

test('S2 a frame is command, headers, body', () => {
  expect(parse('SEND\ndestination:/pub/x\nreceipt:1\n\n{"a":1}\0')).toEqual([
    { command: 'SEND', headerLines: ['destination:/pub/x', 'receipt:1'], body: '{"a":1}' },
  ])
})

test('S2 lines may end with CR LF', () => {
  expect(parse('CONNECT\r\naccept-version:1.2\r\n\r\n\0\r\n')).toEqual([
    { command: 'CONNECT', headerLines: ['accept-version:1.2'], body: '' },
  ])
})

test('S2 newlines between frames are heart-beats', () => {
  expect(parse('\n\r\n\nACK\n\n\0\n\n', '\n', 'NACK\n\n\0').map((frame) => frame.command)).toEqual(['ACK', 'NACK'])
})

test('S3 with content-length the body may hold NUL, without it NUL ends the body', () => {
  expect(parse('SEND\ncontent-length:3\n\na\0b\0').map((frame) => frame.body)).toEqual(['a\0b'])
  expect(parse('SEND\n\na\0\nSEND\n\nb\0').map((frame) => frame.body)).toEqual(['a', 'b'])
})

test('S3 content-length counts bytes, not characters, and the first one counts', () => {
  expect(parse('SEND\ncontent-length:6\ncontent-length:1\n\n안녕\0')[0]?.body).toBe('안녕')
})

test('S2 frames mean the same however their bytes are cut', () => {
  const texts = ['CONNECT\naccept-version:1.2\n\n\0', '\n', 'SEND\n\nhé\0']
  const frame = fc.constantFrom(...texts, 'SEND\r\nx:1\r\n\r\n\0', 'SEND\ncontent-length:5\n\n안\0\n\0')
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 6 }), fc.array(fc.nat(120), { maxLength: 10 }), (frames, cuts) => {
      const bytes = Buffer.from(frames.join(''))
      const at = [...cuts, 0, bytes.length].filter((cut) => cut <= bytes.length).sort((a, b) => a - b)
      const chunks = at.slice(1).map((end, index) => Uint8Array.from(bytes.subarray(at[index], end)))
      expect(parse(...chunks)).toEqual(parse(bytes))
    }),
  )
})

test('T9 whatever comes, the parser yields frames or refuses with a code of ours', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (chunks) => {
      expect(refusal(...chunks)).toBeOneOf([undefined, 'INVALID_REQUEST', 'PAYLOAD_TOO_LARGE'])
    }),
  )
})

test('T9 the caller may reuse its buffer', () => {
  const parser = new StompParser()
  const chunk = Buffer.from('SEND\n\nhello')
  expect([...parser.push(chunk)]).toEqual([])
  chunk.fill(0x78)
  expect([...parser.push(Buffer.from('\0'))].map((frame) => frame.body)).toEqual(['hello'])
})

test('T9 frames before a malformed one are yielded', () => {
  const seen: string[] = []
  const parser = new StompParser()
  expect(() => {
    for (const frame of parser.push(Buffer.from('ACK\n\n\0SEND\ncontent-length:x\n\n\0'))) seen.push(frame.command)
  }).toThrow(AppError)
  expect(seen).toEqual(['ACK'])
})

test.each([
  ['NUL in the head', 'SE\0ND\n\n\0'],
  ['NUL in an unfinished head', 'SE\0'],
  ['a content-length that is no number', 'SEND\ncontent-length:-1\n\n\0'],
  ['a body longer than its content-length', 'SEND\ncontent-length:1\n\nab\0'],
  ['bytes that are not UTF-8', Uint8Array.of(0x53, 0xff, 0x0a, 0x0a, 0x00)],
])('S2 %s is refused', (_what, text) => {
  expect(refusal(text)).toBe('INVALID_REQUEST')
})

test.each([
  ['a line over 8 KB', 'x'.repeat(8 * 1024 + 1)],
  ['more than 32 headers', `SEND\n${'a:b\n'.repeat(33)}`],
  ['a body over 32 KB', `SEND\n\n${'x'.repeat(32 * 1024 + 1)}`],
  ['a declared body over 32 KB', 'SEND\ncontent-length:32769\n\n'],
])('T6 %s is refused before it is complete', (_what, text) => {
  expect(refusal(text)).toBe('PAYLOAD_TOO_LARGE')
})
