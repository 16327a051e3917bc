import { AppError } from '@mopl/contracts/errors'
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { encodeFrame, messageHead, messageTail, readHeaders, type StompVersion, stompVersions } from './frame.ts'
import { StompParser } from './parser.ts'

const read = (line: string, version: StompVersion, command = 'SEND') =>
  Object.fromEntries(readHeaders({ command, headerLines: [line], body: '' }, version))

test('S4 headers are unescaped by version', () => {
  const line = String.raw`a\cb:one\ntwo\\three`
  expect(read(line, '1.2')).toEqual({ 'a:b': 'one\ntwo\\three' })
  expect(read(line, '1.1')).toEqual({ 'a:b': 'one\ntwo\\three' })
  expect(read(line, '1.0')).toEqual({ [String.raw`a\cb`]: String.raw`one\ntwo\\three` })
  expect(read(String.raw`a:\r`, '1.2')).toEqual({ a: '\r' })
})

test('S4 undefined escapes are refused: \\t, a lone backslash, and \\r in 1.1', () => {
  for (const line of [String.raw`a:\t`, 'a:\\'])
    for (const version of ['1.1', '1.2'] as const) expect(() => read(line, version)).toThrow(AppError)
  expect(() => read(String.raw`a:\r`, '1.1')).toThrow(AppError)
})

test('S4 CONNECT is never unescaped', () => {
  expect(read(String.raw`passcode:a\tb`, '1.2', 'CONNECT')).toEqual({ passcode: String.raw`a\tb` })
})

test('S4 of a repeated header the first wins, and values keep their spaces and colons', () => {
  const headers = readHeaders({ command: 'SEND', headerLines: ['a: x:y ', 'a:second'], body: '' }, '1.2')
  expect(Object.fromEntries(headers)).toEqual({ a: ' x:y ' })
})

test('S4 a line without a name is refused', () => {
  for (const line of ['nothing', ':value']) expect(() => read(line, '1.2')).toThrow(AppError)
})

test('S4 what 1.2 writes, 1.2 reads back, whatever stands in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (value, body) => {
      fc.pre(!value.includes('\0'))
      const bytes = Buffer.from(encodeFrame('ERROR', { message: value }, '1.2', body))
      const [frame] = [...new StompParser().push(bytes)]
      expect(frame && readHeaders(frame, '1.2').get('message')).toBe(value)
      expect(frame?.body).toBe(body)
    }),
  )
})

test('S4 no version lets a value break out of its line', () => {
  for (const version of stompVersions) {
    const [frame] = [...new StompParser().push(Buffer.from(encodeFrame('ERROR', { a: 'x\r\ny:z' }, version)))]
    expect(frame?.headerLines).toHaveLength(1)
  }
})

test('S11 a message is its head, its id and its tail', () => {
  const text = `${messageHead('sub-0', '/sub/x', '1.2')}n-1${messageTail('{"안":1}')}`
  expect(text).toBe(
    'MESSAGE\nsubscription:sub-0\ndestination:/sub/x\ncontent-type:application/json\nmessage-id:n-1\ncontent-length:9\n\n{"안":1}\0',
  )
})
