import type { ServerName } from '../servers/server.ts'
import type { Scenario } from './index.ts'
import { compareRooms, type Point } from './rooms.ts'

/** What the other servers would need several machines for. */
const compared: ReadonlySet<ServerName> = new Set(['bare uWebSockets.js', 'Mopl'])

const points: Point[] = [
  { watchers: 500, linesPerSecond: 400, spacing: 'random' },
  { watchers: 1_000, linesPerSecond: 100, spacing: 'random' },
  { watchers: 1_000, linesPerSecond: 200, spacing: 'random' },
]

export const fanOutCrowded: Scenario = {
  title: 'Fan-out, busy and crowded: a hundred lines a second and more to many watchers',
  run: (bench) => {
    const some = { ...bench, servers: bench.servers.filter((name) => compared.has(name)) }
    return compareRooms(some, points, bench.isQuick ? 3 : 10)
  },
}
