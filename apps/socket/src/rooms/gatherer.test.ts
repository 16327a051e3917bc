import { expect, test } from 'bun:test'
import { eventually } from '@mopl/infrastructure/testing'
import { Gatherer } from './gatherer.ts'

type Handed = { items: number[]; held: boolean }

/** Numbers that come every `gapMs` by a clock of their own; what is held is flushed by the real one. */
function aGatherer() {
  const handed: Handed[] = []
  const gatherer = new Gatherer<number>((items, held) => handed.push({ items, held }))
  let clockMs = 1_000
  let count = 0
  const come = (times: number, gapMs: number) => {
    for (let time = 0; time < times; time += 1) gatherer.add((count += 1), (clockMs += gapMs))
  }
  return { handed, gatherer, come, numbers: () => handed.flatMap(({ items }) => items) }
}

test('C4 calm: everything goes at once, alone', () => {
  const { handed, come } = aGatherer()
  come(200, 20)
  expect(handed).toHaveLength(200)
  expect(handed.some(({ held }) => held)).toBe(false)
})

test('C4 busy: what comes within a tick goes together, in order, at most 10 ms later', async () => {
  const { handed, come, numbers } = aGatherer()
  come(50, 5)
  const heldAt = performance.now()
  const before = numbers().length
  come(5, 5)
  expect(numbers()).toHaveLength(before)
  await eventually('all are handed on', () => numbers().length === 55)
  expect(performance.now() - heldAt).toBeLessThan(50)
  expect(handed.at(-1)?.held).toBe(true)
  expect(numbers()).toEqual(Array.from({ length: 55 }, (_, at) => at + 1))
})

test('C4 a pause makes a busy room calm again at once', () => {
  const { handed, gatherer, come } = aGatherer()
  come(50, 5)
  gatherer.flush()
  come(1, 150)
  expect(handed.at(-1)).toEqual({ items: [51], held: false })
})

test('C4 a flood is handed on in parts', () => {
  const { handed, come } = aGatherer()
  come(1_000, 0)
  expect(Math.max(...handed.map(({ items }) => items.length))).toBe(100)
})
