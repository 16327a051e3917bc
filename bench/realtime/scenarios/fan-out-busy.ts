import { compareRooms, type Point } from './rooms.ts'
import type { Scenario } from './index.ts'

/** Rooms small enough that the slowest server and the load fit two cores side by side. */
const points: Point[] = [
  { watchers: 100, linesPerSecond: 100, spacing: 'random' },
  { watchers: 200, linesPerSecond: 200, spacing: 'random' },
  { watchers: 500, linesPerSecond: 150, spacing: 'random' },
]

export const fanOutBusy: Scenario = {
  title: 'Fan-out, busy: a hundred chat lines a second and more',
  run: (bench) => (bench.isQuick ? compareRooms(bench, points.slice(0, 2), 3) : compareRooms(bench, points, 10)),
}
