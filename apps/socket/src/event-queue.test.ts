import type { MoplEvent } from '@mopl/contracts/events'
import { newEvent } from '@mopl/infrastructure/events'
import { newId } from '@mopl/infrastructure/ids'
import { eventually } from '@mopl/infrastructure/testing'
import { expect, test } from 'bun:test'
import { EventQueue } from './event-queue.ts'

const anEvent = () => newEvent('content.created', 'key', { contentId: newId() }, 'request')

/** A broker that acknowledges what `takes` says. */
function aBroker(takes: (event: MoplEvent) => boolean) {
  const taken: MoplEvent[] = []
  let attempts = 0
  let dropped = 0
  const queue = new EventQueue({
    retryMs: 5,
    waitingAtMost: 3,
    onDropped: (count) => (dropped += count),
    async send(events) {
      attempts += 1
      taken.push(...events.filter(takes))
      return events.filter((event) => !takes(event))
    },
  })
  return { queue, taken, attempts: () => attempts, dropped: () => dropped }
}

test('R9 what was not acknowledged is sent again, before what came later', async () => {
  let isAway = true
  const { queue, taken, attempts, dropped } = aBroker(() => !isAway)
  const events = [anEvent(), anEvent(), anEvent()]
  for (const event of events) queue.add(event)
  await eventually('several attempts', () => attempts() > 3)
  expect([queue.size, taken.length]).toEqual([3, 0])
  isAway = false
  await eventually('all of them', () => queue.size === 0)
  expect(taken).toEqual(events)
  expect(dropped()).toBe(0)
})

test('R9 only what was refused is sent again', async () => {
  const [first, second, third] = [anEvent(), anEvent(), anEvent()]
  let refusals = 2
  const { queue, taken } = aBroker((event) => event !== second || refusals-- <= 0)
  for (const event of [first, second, third]) queue.add(event)
  await eventually('all of them', () => queue.size === 0)
  expect(taken.map(({ eventId }) => eventId).toSorted()).toEqual(
    [first, second, third].map(({ eventId }) => eventId).toSorted(),
  )
})

test('R9 not more than so many wait, and the oldest are given up', async () => {
  let isAway = true
  const { queue, taken, dropped, attempts } = aBroker(() => !isAway)
  const events = Array.from({ length: 10 }, anEvent)
  for (const event of events) queue.add(event)
  await eventually('an attempt', () => attempts() > 1)
  expect(queue.size).toBe(3)
  expect(dropped()).toBe(7)
  isAway = false
  await eventually('all of them', () => queue.size === 0)
  expect(taken).toEqual(events.slice(-3))
})

test('K2 closing tries once more at once, and what is left is counted', async () => {
  let isAway = true
  const options = { retryMs: 60_000, waitingAtMost: 10 }
  const dropped: number[] = []
  const queue = new EventQueue({
    ...options,
    onDropped: (count) => dropped.push(count),
    send: async (events) => (isAway ? [...events] : []),
  })
  queue.add(anEvent())
  await queue.close(1_000)
  expect(dropped).toEqual([1])
  isAway = false
  queue.add(anEvent())
  await queue.close(1_000)
  expect(queue.size).toBe(0)
  const hanging = new EventQueue({
    ...options,
    onDropped: (count) => dropped.push(count),
    send: () => new Promise<MoplEvent[]>(() => undefined),
  })
  hanging.add(anEvent())
  await hanging.close(10)
  expect(dropped).toEqual([1, 1])
})
