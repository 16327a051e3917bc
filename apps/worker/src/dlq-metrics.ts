/**
 * How many dead letters wait for a decision. Read out of the topics themselves now and then, because nobody else knows:
 * a letter is settled by a note behind it, or by its topic's retention. They are empty nearly always.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { KafkaOptions } from '@mopl/infrastructure/kafka'
import type { Log } from '@mopl/infrastructure/log'
import { settlesWithin } from '@mopl/infrastructure/within'
import { Gauge, type Registry } from 'prom-client'
import { countUndecided } from './dlq/letters.ts'

type Options = { registry: Registry; names: readonly string[]; kafka: KafkaOptions; log: Log; everyMs: number }

/** A look that is under way when the process ends is given up. */
const goodbyeMs = 1_000

/** Looks in the background, at the dead letter topics `names` and any other, until it is closed. While Kafka is away, the gauge keeps what was seen last. */
export function watchDeadLetters({ registry, names, kafka, log, everyMs }: Options): { close(): Promise<void> } {
  const depth = new Gauge({
    name: 'mopl_worker_dead_letters',
    help: 'Dead letters that nobody has redriven or discarded, as of the last look; absent before the first',
    labelNames: ['consumer', 'topic'],
    registers: [registry],
  })
  const closing = new AbortController()

  async function look(): Promise<void> {
    const counts = await countUndecided(names, kafka, log, closing.signal)
    if (closing.signal.aborted) return
    depth.reset()
    for (const { group, topic, count } of counts) depth.set({ consumer: group, topic }, count)
  }

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      await look().catch((err: unknown) => {
        if (!closing.signal.aborted) log.warn({ err }, 'dead letters were not counted')
      })
      await delay(everyMs, undefined, { signal: closing.signal }).catch(() => undefined)
    }
  }

  const running = run()
  return {
    async close() {
      closing.abort()
      await settlesWithin(running, goodbyeMs)
    },
  }
}
