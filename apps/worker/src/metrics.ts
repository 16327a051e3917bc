/** The vocabulary of the worker. Labels come from closed sets: the consumers, the reasons, topics and partitions. */
import type { Consumer } from '@mopl/infrastructure/kafka-consumer'
import { durationBuckets } from '@mopl/infrastructure/metrics'
import { within } from '@mopl/infrastructure/within'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Waiting } from './outbox.ts'

export type WorkerMetrics = ReturnType<typeof createWorkerMetrics>
export type DeadLetterReason = 'unparsable' | 'failed'

/** `consumers` fills up after this returns; what it holds at scrape time counts. */
export function createWorkerMetrics(
  registry: Registry,
  names: readonly string[],
  consumers: ReadonlyMap<string, Consumer>,
  waiting: () => Promise<Waiting>,
) {
  const registers = [registry]
  const perConsumer = (name: string, help: string) => {
    const counter = new Counter({ name, help, labelNames: ['consumer'], registers })
    for (const consumer of names) counter.inc({ consumer }, 0)
    return counter
  }

  const published = new Counter({
    name: 'mopl_outbox_published_total',
    help: 'Events that Kafka acknowledged to the relay',
    registers,
  })
  const relayFailures = new Counter({
    name: 'mopl_outbox_relay_failures_total',
    help: 'Passes of the relay that failed and were rolled back',
    registers,
  })
  const oldestAge = new Gauge({
    name: 'mopl_outbox_oldest_age_seconds',
    help: 'Age of the oldest event that is not published yet; 0 when there is none, NaN when PostgreSQL does not say',
    registers,
  })
  const outboxWaiting = new Gauge({
    name: 'mopl_outbox_waiting',
    help: 'Events that are not published yet; NaN when PostgreSQL does not say',
    registers,
    async collect() {
      const unknown = { count: NaN, oldestAgeSeconds: NaN }
      const { count, oldestAgeSeconds } = await within(waiting(), 1_000, 'postgres is late').catch(() => unknown)
      this.set(count)
      oldestAge.set(oldestAgeSeconds)
    },
  })

  const deadLettered = new Counter({
    name: 'mopl_worker_dead_lettered_total',
    help: 'Messages put aside into a dead letter topic, by reason',
    labelNames: ['consumer', 'reason'],
    registers,
  })
  for (const consumer of names)
    for (const reason of ['unparsable', 'failed'] satisfies DeadLetterReason[])
      deadLettered.inc({ consumer, reason }, 0)

  const lag = new Gauge({
    name: 'mopl_worker_lag_messages',
    help: 'Messages behind the committed offset, per partition that this process holds',
    labelNames: ['consumer', 'topic', 'partition'],
    registers,
    collect() {
      this.reset()
      for (const [consumer, member] of consumers)
        for (const { topic, partition, messages } of member.lag()) this.set({ consumer, topic, partition }, messages)
    },
  })

  return {
    published,
    relayFailures,
    oldestAge,
    outboxWaiting,
    handled: perConsumer('mopl_worker_events_handled_total', 'Events that had their effect'),
    skipped: perConsumer('mopl_worker_events_skipped_total', 'Events of an unknown type or a newer version'),
    retried: perConsumer('mopl_worker_retries_total', 'Batches tried again because their handler failed'),
    dependencyWaits: perConsumer(
      'mopl_worker_dependency_waits_total',
      'Waits because PostgreSQL, Redis or the mail server was away',
    ),
    deadLettered,
    lag,
    eventAge: new Histogram({
      name: 'mopl_worker_event_age_seconds',
      help: 'From occurredAt to the effect',
      labelNames: ['consumer'],
      buckets: [...durationBuckets, 30, 60, 300],
      registers,
    }),
  }
}
