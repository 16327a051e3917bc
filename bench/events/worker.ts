/** A worker under measurement. */
import { setTimeout as delay } from 'node:timers/promises'
import { startApp, type Surroundings } from '@mopl/local/apps'
import { freePort } from '@mopl/local/ports'
import { cpuMicros } from '../realtime/servers/proc.ts'
import type { Report } from './programs/report.ts'

export type Worker = {
  pid: number
  /** The sum of a counter over all labels that contain these texts; 0 when it is not there. */
  metric(name: string, ...labels: string[]): Promise<number>
  stop(): Promise<void>
}

export async function startWorker(surroundings: Surroundings, logDir: string): Promise<Worker> {
  const port = await freePort()
  const process = await startApp({ app: 'worker', name: 'worker', port }, surroundings, { logDir })
  return {
    pid: process.pid,
    metric: async (name, ...labels) => {
      const text = await (await fetch(`http://127.0.0.1:${port}/actuator/prometheus`)).text()
      return text
        .split('\n')
        .filter((line) => line.startsWith(name) && labels.every((label) => line.includes(label)))
        .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
    },
    stop: () => process.stop(),
  }
}

const pollMs = 200
const patienceMs = 180_000

/**
 * How a counter of the worker grows to `total`, from when it was first seen to have moved.
 *
 * @throws {Error} when it does not get there in three minutes
 */
export async function measureWorker(
  worker: Worker,
  counter: readonly [string, ...string[]],
  total: number,
): Promise<Report> {
  const deadline = performance.now() + patienceMs
  const look = async () => ({
    count: await worker.metric(...counter),
    at: performance.now(),
    cpu: cpuMicros(worker.pid),
  })
  let first = await look()
  while (first.count === 0 && performance.now() < deadline) {
    await delay(20)
    first = await look()
  }
  let last = first
  while (last.count < total && performance.now() < deadline) {
    await delay(pollMs)
    last = await look()
  }
  if (last.count < total) throw new Error(`${counter.join(' ')} stands at ${last.count} of ${total}`)
  return {
    events: last.count - first.count,
    seconds: (last.at - first.at) / 1_000,
    cpuMicros: last.cpu - first.cpu,
  }
}
