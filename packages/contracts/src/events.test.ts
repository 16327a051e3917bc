import { describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import * as v from 'valibot'
import { isEventType, parseEvent, payloads, topicOf } from './events.ts'
import { topics } from './topics.ts'

const folder = `${import.meta.dir}/../fixtures`
const fixtures = readdirSync(folder)
const read = (file: string) => readFileSync(`${folder}/${file}`, 'utf8')
const aReviewCreated = () => JSON.parse(read('review.created.v1.json'))

describe('events of every version ever published', () => {
  test.each(fixtures)('%s stays readable, to the last field', (file) => {
    const parsed = parseEvent(read(file))
    expect(parsed).toEqual({ known: true, event: JSON.parse(read(file)) })
  })

  test('every type has its golden example', () => {
    expect(fixtures.toSorted()).toEqual(
      Object.keys(payloads)
        .map((type) => `${type}.v1.json`)
        .toSorted(),
    )
  })
})

describe('parseEvent', () => {
  test('a type from the future is skipped, not refused', () => {
    const value = JSON.stringify({ ...aReviewCreated(), type: 'review.translated', payload: 42 })
    expect(parseEvent(value)).toEqual({ known: false, type: 'review.translated' })
  })

  test('a newer version of a known type is skipped, whatever its payload', () => {
    const value = JSON.stringify({ ...aReviewCreated(), version: 2, payload: 'changed beyond recognition' })
    expect(parseEvent(value)).toEqual({ known: false, type: 'review.created' })
  })

  test('a new optional field does not make an event unreadable', () => {
    const event = aReviewCreated()
    const value = JSON.stringify({ ...event, traceId: 'x', payload: { ...event.payload, spoiler: true } })
    expect(parseEvent(value)).toEqual({ known: true, event })
  })

  test.each([
    ['a payload without its rating', { payload: { ...aReviewCreated().payload, rating: undefined } }],
    ['a rating beyond 5', { payload: { ...aReviewCreated().payload, rating: 5.1 } }],
    ['an id that is none', { payload: { ...aReviewCreated().payload, contentId: '1' } }],
    ['no event id', { eventId: undefined }],
    ['no instant', { occurredAt: 'yesterday' }],
    ['no version', { version: 0 }],
  ])('%s is refused', (_, changes) => {
    const value = JSON.stringify({ ...aReviewCreated(), ...changes })
    expect(() => parseEvent(value)).toThrow(v.ValiError)
  })

  test('what is not JSON is refused', () => {
    expect(() => parseEvent('{')).toThrow(SyntaxError)
    expect(() => parseEvent('null')).toThrow(v.ValiError)
  })

  test('names that every object has are no event types', () => {
    expect(isEventType('constructor')).toBe(false)
    expect(isEventType('toString')).toBe(false)
  })
})

test('every type belongs to a topic, and every topic has a type', () => {
  const used = new Set(Object.keys(payloads).flatMap((type) => (isEventType(type) ? [topicOf(type)] : [])))
  expect([...used].toSorted()).toEqual(Object.values(topics).toSorted())
})
