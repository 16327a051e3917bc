import { describe, expect, test } from 'bun:test'
import { readStamps, stamped } from './stamps.ts'

function stampsIn(text: string, start = 0, end = text.length): number[] {
  const found: number[] = []
  readStamps(Buffer.from(text), start, end, (dueMicros) => void found.push(dueMicros))
  return found
}

describe('stamps', () => {
  const due = 1_790_000_000_123_456

  test('come back as they were, from text quoted as JSON twice', () => {
    expect(stampsIn(JSON.stringify([JSON.stringify({ content: stamped(due, 100) })]))).toEqual([due])
  })

  test('are each counted when one write carries several', () => {
    const lines = [due, due + 1, due + 2]
    expect(stampsIn(`a${JSON.stringify(lines.map((line) => stamped(line, 40)))}`)).toEqual(lines)
  })

  test('of the next frame are left to it', () => {
    const first = `a["${stamped(due, 40)}"]`
    expect(stampsIn(first + first, 0, first.length)).toEqual([due])
    expect(stampsIn(first + first, first.length)).toEqual([due])
  })

  test('make a text of the length asked for', () => {
    expect(stamped(due, 100)).toHaveLength(100)
  })
})
