import { describe, expect, test } from 'bun:test'
import { type Command, parseCommand } from './command.ts'
import { type DeadLetter, sourceOf } from './letter.ts'

const now = new Date('2026-01-02T00:00:00Z')
const hour = 3_600_000

function aLetter(died: { topic?: string; error?: string; hoursAgo?: number } = {}): DeadLetter {
  const { topic = 'mopl.review.v1', error = 'error: ck_contents_rating_sum', hoursAgo = 1 } = died
  const deadLetterTopic = `${topic}.mopl-ratings.dlq`
  return {
    id: `${deadLetterTopic}/3/17`,
    topic,
    group: 'mopl-ratings',
    error,
    attempts: 5,
    diedAt: new Date(now.getTime() - hoursAgo * hour),
    eventId: 'e',
    type: 'review.deleted',
    message: { topic: deadLetterTopic, partition: 3, offset: 17, key: 'k', value: Buffer.from(''), headers: {} },
  }
}

function wants(letter: DeadLetter, ...args: string[]): boolean {
  return (parseCommand(['redrive', ...args]) as Command).isWanted(letter, now)
}

describe('filters', () => {
  test('by the topic it came from, or the one it lies in', () => {
    expect(wants(aLetter(), '--topic', 'mopl.review.v1')).toBe(true)
    expect(wants(aLetter(), '--topic', 'mopl.review.v1.mopl-ratings.dlq')).toBe(true)
    expect(wants(aLetter(), '--topic', 'mopl.follow.v1')).toBe(false)
  })

  test('by a part of the error, in any case', () => {
    expect(wants(aLetter(), '--error', 'CK_contents')).toBe(true)
    expect(wants(aLetter(), '--error', 'JSON')).toBe(false)
  })

  test('by age, from both sides', () => {
    const ages = [1, 3, 49].map((hoursAgo) => aLetter({ hoursAgo }))
    expect(ages.map((letter) => wants(letter, '--older-than', '2h'))).toEqual([false, true, true])
    expect(ages.map((letter) => wants(letter, '--newer-than', '90m'))).toEqual([true, false, false])
    expect(ages.map((letter) => wants(letter, '--older-than', '2h', '--newer-than', '2d'))).toEqual([
      false,
      true,
      false,
    ])
  })

  test('together they must all hold; an id names exactly one', () => {
    expect(wants(aLetter(), '--topic', 'mopl.review.v1', '--error', 'JSON')).toBe(false)
    expect(wants(aLetter(), aLetter().id)).toBe(true)
    expect(wants(aLetter(), 'mopl.review.v1.mopl-ratings.dlq/3/18')).toBe(false)
    expect(wants(aLetter(), '--all')).toBe(true)
  })
})

test.each([
  [[], 'no verb'],
  [['repair'], 'no such verb'],
  [['redrive'], 'redrive takes ids, filters or --all'],
  [['discard', '--dry-run'], 'discard takes ids, filters or --all'],
  [['redrive', 'a/0/1', '--all'], 'ids or filters'],
  [['redrive', 'a/0/1', '--error', 'x'], 'ids or filters'],
  [['show'], 'show takes ids'],
  [['list', 'a/0/1'], 'list takes filters'],
  [['list', '--topic', 'reviews'], 'no such topic'],
  [['list', '--older-than', 'yesterday'], 'an age is'],
  [['redrive', '--all', '--rate', '0'], '--rate'],
  [['list', '--force'], "Unknown option '--force'"],
])('%p is refused with its reason', (args, reason) => {
  expect(parseCommand(args)).toContain(reason)
})

test('a dead letter topic names its source and its group; other topics are not ours', () => {
  expect(sourceOf('mopl.direct-message.v1.mopl-direct-messages.dlq')).toEqual({
    topic: 'mopl.direct-message.v1',
    group: 'mopl-direct-messages',
  })
  expect(sourceOf('mopl.review.v1')).toBeUndefined()
  expect(sourceOf('orders.v1.billing.dlq')).toBeUndefined()
})
