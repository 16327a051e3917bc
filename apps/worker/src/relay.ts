/**
 * Carries events from the outbox to Kafka. Killed anywhere, nothing is lost; at worst an event is published twice.
 *
 * Several relays may run. A key is always in one lane and a lane has one holder at a time, so that the order per key
 * holds. Rows are found by their state and never by "behind the last one seen": a transaction that commits late is
 * behind the others and not lost.
 */
import { type EventType, topicOf } from '@mopl/contracts/events'
import type { KafkaRecord, Producer } from '@mopl/infrastructure/kafka'
import type { Log } from '@mopl/infrastructure/log'
import type { Db } from '@mopl/infrastructure/postgres'
import type { Bell } from './bell.ts'
import { wait } from './backoff.ts'
import type { WorkerMetrics } from './metrics.ts'
import { laneCount, markPublished, type OutboxRow, takeLanes, waitingIn } from './outbox.ts'

/**
 * How long Kafka may take to acknowledge. Less than the 10 s after which PostgreSQL ends an idle transaction: when the
 * lanes pass to another relay, nothing of this one is still on its way.
 */
export const relayDeliveryTimeoutMs = 5_000

const eventsPerLane = 128
/** Under load so many passes go on at once: while one waits for PostgreSQL or Kafka, another has work for this process. */
const passesUnderLoad = 2
const pollIntervalMs = 200
const longestBackoffMs = 5_000

export type RelayDeps = {
  db: Db
  producer: Producer
  bell: Bell
  log: Log
  metrics: Pick<WorkerMetrics, 'published' | 'relayFailures'>
}

export function startRelay({ db, producer, bell, log, metrics }: RelayDeps): { close(): Promise<void> } {
  const closing = new AbortController()
  let failuresInARow = 0

  async function run(): Promise<void> {
    while (!closing.signal.aborted)
      if (await pass(laneCount)) await Promise.all(Array.from({ length: passesUnderLoad }, drain))
      else await bell.wait(pollIntervalMs)
  }

  async function drain(): Promise<void> {
    while (!closing.signal.aborted && (await pass(laneCount / passesUnderLoad)));
  }

  /** Whether more is waiting in the lanes that it had. */
  async function pass(maxLanes: number): Promise<boolean> {
    try {
      const { published, more } = await relayOnce(db, producer, maxLanes)
      metrics.published.inc(published.length)
      if (published.length > 0)
        log.debug({ requestIds: published.map(({ requestId }) => requestId) }, 'events published')
      failuresInARow = 0
      return more
    } catch (err) {
      metrics.relayFailures.inc()
      failuresInARow += 1
      log.warn({ err, failuresInARow }, 'relay pass failed, it will be repeated')
      await wait(Math.min(pollIntervalMs * 2 ** failuresInARow, longestBackoffMs), closing.signal)
      return false
    }
  }

  const running = run()
  return {
    close: async () => {
      closing.abort()
      bell.ring()
      await running
    },
  }
}

/** One pass: what was waiting is in Kafka and marked, or, after an error, still waiting. */
async function relayOnce(
  db: Db,
  producer: Producer,
  maxLanes: number,
): Promise<{ published: OutboxRow[]; more: boolean }> {
  return db.transaction(async (tx) => {
    const lanes = await takeLanes(tx, maxLanes)
    if (lanes.length === 0) return { published: [], more: false }
    // A statement of its own: its snapshot is taken after the locks, and sees what the previous holder has marked.
    const rows = await waitingIn(tx, lanes, eventsPerLane)
    if (rows.length === 0) return { published: [], more: false }
    await producer.sendAll(rows.map(toRecord))
    await markPublished(
      tx,
      rows.map(({ id }) => id),
    )
    return { published: rows, more: rows.length >= eventsPerLane }
  })
}

function toRecord({ id, key, type, payload, requestId }: OutboxRow): KafkaRecord {
  const topic = topicOf(type as EventType)
  return { topic, key, value: payload, headers: { eventId: id, type, requestId: requestId ?? '' } }
}
