/** A room that fills up, on a server whose code is warm. */
import type { Bench } from '../bench.ts'
import type { Server } from '../servers/server.ts'
import { warmUp } from '../measure.ts'

export type Room = {
  /** Resolves when so many watchers receive what is said. */
  growTo(watchers: number): Promise<void>
}

/** So many that none of them says more than a line a second. */
export const speakers = 400
/** Few, so that warming up is about lines and not about deliveries. */
const firstWatchers = 10
const enteringAtOnce = 200

export async function openRoom(bench: Bench, { target }: Server): Promise<Room> {
  const { load } = bench
  let present = 0
  const growTo = async (watchers: number) => {
    if (watchers <= present) return
    const newcomers = { firstViewer: present, viewers: watchers - present }
    await load.connect({ ...newcomers, target, role: 'chat', concurrency: enteringAtOnce, heartBeatMs: 0 })
    present = watchers
  }
  await load.connectSpeakers({ target, role: 'speak', speakers })
  await growTo(firstWatchers)
  await warmUp(bench, { receivers: firstWatchers, linesPerSecond: speakers, seconds: bench.isQuick ? 3 : 8 })
  return { growTo }
}
