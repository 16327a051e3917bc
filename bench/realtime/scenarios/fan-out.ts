import { compareRooms } from './rooms.ts'
import type { Scenario } from './index.ts'

/** A few lines a second, as in most rooms most of the time. */
const linesPerSecond = 4
const sizes = [100, 1_000, 4_000, 8_000]
const quickSizes = [100, 1_000]

export const fanOut: Scenario = {
  title: 'Fan-out, calm: a few chat lines a second into one room',
  run: (bench) => {
    const points = (bench.isQuick ? quickSizes : sizes).map((watchers) => ({
      watchers,
      linesPerSecond,
      spacing: 'even' as const,
    }))
    return compareRooms(bench, points, bench.isQuick ? 5 : 10)
  },
}
