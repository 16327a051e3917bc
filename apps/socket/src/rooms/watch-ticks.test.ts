import type { RoomMessage } from '@mopl/contracts/realtime'
import { eventually } from '@mopl/infrastructure/testing'
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { watchBudget, WatchTicks } from './watch-ticks.ts'

const tickMs = 10

/** A room whose clients keep what they are told, as a player's page does. */
function aCrowd(countReceivers: () => number = () => 1) {
  const told: { kind: string; id: string; watcherCount: number; omitted: number }[] = []
  const names = new Set<string>()
  const inside = new Set<string>()
  const ticks = new WatchTicks({
    tickMs,
    countReceivers,
    send({ kind, member, watcherCount }, omitted) {
      told.push({ kind, id: member.id, watcherCount, omitted })
      if (kind === 'JOIN') names.add(member.id)
      else names.delete(member.id)
    },
  })
  const change = (kind: RoomMessage['kind'], id: string) => {
    if (kind === 'JOIN') inside.add(id)
    else inside.delete(id)
    const member = { id, createdAt: '', watcher: { userId: id, name: id } }
    ticks.add({ kind, member, watcherCount: inside.size })
  }
  return {
    told,
    names,
    inside,
    join: (id: string) => change('JOIN', id),
    leave: (id: string) => change('LEAVE', id),
    async untilQuiet() {
      const isTrue = () => told.at(-1)?.watcherCount === inside.size
      const isComplete = () => told.some(({ omitted }) => omitted > 0) || setsEqual(names, inside)
      await eventually('the last count is the true one', () => isTrue() && isComplete())
    },
  }
}

function setsEqual(one: Set<string>, two: Set<string>): boolean {
  return one.size === two.size && [...one].every((id) => two.has(id))
}

test('R7 R11 who is registered again and leaves within a tick was known to all, and is told to have left', async () => {
  const told: string[] = []
  const ticks = new WatchTicks({
    tickMs,
    countReceivers: () => 1,
    send: ({ kind, member }) => told.push(`${kind} ${member.id}`),
  })
  const change = (kind: RoomMessage['kind'], id: string, again: boolean) =>
    ticks.add({ kind, member: { id, createdAt: '', watcher: { userId: id, name: id } }, watcherCount: 1, again })
  for (let number = 0; number < watchBudget.messages; number += 1) change('JOIN', String(number), true)
  change('JOIN', 'known', true)
  change('JOIN', 'new', false)
  change('LEAVE', 'known', false)
  change('LEAVE', 'new', false)
  await eventually('the end of the tick', () => told.length > watchBudget.messages)
  expect(told.slice(watchBudget.messages)).toEqual(['LEAVE known'])
  ticks.close()
})

test('R11 a calm room hears of every change at once', () => {
  const crowd = aCrowd(() => 200)
  for (let number = 0; number < watchBudget.messages; number += 1) crowd.join(String(number))
  expect(crowd.told).toHaveLength(watchBudget.messages)
  expect(crowd.told.at(-1)).toEqual({ kind: 'JOIN', id: '99', watcherCount: 100, omitted: 0 })
})

test('R11 past the budget changes wait for the end of the tick, and its last message has the count of then', async () => {
  const crowd = aCrowd()
  for (let number = 0; number < 1_000; number += 1) crowd.join(String(number))
  expect(crowd.told).toHaveLength(100)
  await crowd.untilQuiet()
  expect(crowd.told).toHaveLength(200)
  expect(crowd.told.at(-1)).toEqual({ kind: 'JOIN', id: '999', watcherCount: 1_000, omitted: 800 })
})

test('R11 the more receivers, the fewer messages, and never none', async () => {
  const crowd = aCrowd(() => 100_000)
  for (let number = 0; number < 1_000; number += 1) crowd.join(String(number))
  await crowd.untilQuiet()
  expect(crowd.told.map(({ watcherCount }) => watcherCount)).toEqual([1, 1_000])
})

test('R11 who comes and goes while changes wait is not told', async () => {
  const crowd = aCrowd(() => 20_000)
  crowd.join('first')
  crowd.join('brief')
  crowd.join('stays')
  crowd.leave('brief')
  crowd.leave('first')
  await crowd.untilQuiet()
  expect(crowd.told).toEqual([
    { kind: 'JOIN', id: 'first', watcherCount: 1, omitted: 0 },
    { kind: 'LEAVE', id: 'first', watcherCount: 1, omitted: 1 },
  ])
})

test('R11 whatever the churn, the budget and the count hold, and who was told of everything knows everybody', async () => {
  const steps = fc.array(fc.record({ id: fc.integer({ max: 300, min: 0 }), pause: fc.boolean() }), { maxLength: 2_000 })
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom(1, 500, 50_000), async (changes, receivers) => {
      const crowd = aCrowd(() => receivers)
      const budget = Math.max(1, Math.min(100, Math.floor(20_000 / receivers)))
      const startedAt = performance.now()
      for (const [at, { id, pause }] of changes.entries()) {
        if (crowd.inside.has(String(id))) crowd.leave(String(id))
        else crowd.join(String(id))
        if (pause && at % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
      }
      if (changes.length > 0) await crowd.untilQuiet()
      const ticks = Math.floor((performance.now() - startedAt) / tickMs) + 2
      expect(crowd.told.length).toBeLessThanOrEqual(ticks * budget)
    }),
    { numRuns: 60, seed: 11 },
  )
})
