/** From a batch of Kafka messages to effects: parse, skip what is unknown, apply per handler, put aside what cannot be. */
import { type EventType, parseEvent, payloads } from '@mopl/contracts/events'
import type { Producer } from '@mopl/infrastructure/kafka'
import type { ConsumedMessage } from '@mopl/infrastructure/kafka-messages'
import type { Log } from '@mopl/infrastructure/log'
import { applyWithRetries, type Item } from './apply.ts'
import { deadLetter } from './dlq.ts'
import type { AnyHandler, Group } from './groups.ts'
import type { Deps } from './handlers/handler.ts'
import type { DeadLetterReason, WorkerMetrics } from './metrics.ts'

export type ConsumeDeps = Deps & { producer: Producer; log: Log; metrics: WorkerMetrics }

/** Requests named in a batch's log line; more than a quiet system ever has in one batch. */
const requestsPerLine = 20

/**
 * Handles a batch for one consumer group. When it resolves, the offsets may move: each message had its effect, was
 * nobody's business, or is in the dead letters.
 */
export async function consume(
  { name: consumer, handlerOf }: Group,
  deps: ConsumeDeps,
  batch: readonly ConsumedMessage[],
  signal: AbortSignal,
): Promise<void> {
  const { metrics, producer } = deps
  const log = deps.log.child({ consumer })
  const startedAt = performance.now()

  async function putAside(message: ConsumedMessage, reason: DeadLetterReason, error: unknown, attempts: number) {
    await deadLetter(producer, message, { group: consumer, error, attempts })
    metrics.deadLettered.inc({ consumer, reason })
    const { topic, partition, offset, headers } = message
    log.error({ err: error, reason, topic, partition, offset, requestId: headers['requestId'] }, 'message put aside')
  }

  const items: Item[] = []
  for (const message of batch) {
    if (concernsOthers(message, handlerOf)) continue
    try {
      const parsed = parseEvent(message.value.toString())
      if (parsed.known) items.push({ message, event: parsed.event })
      else {
        metrics.skipped.inc({ consumer })
        log.info({ type: parsed.type, topic: message.topic, offset: message.offset }, 'unknown event skipped')
      }
    } catch (error) {
      await putAside(message, 'unparsable', error, 1)
    }
  }

  for (const [handler, own] of groupByHandler(handlerOf, items))
    await applyWithRetries(own, {
      apply: async (some) => {
        await handler.apply(
          deps,
          some.map(({ event }) => event),
          signal,
        )
        metrics.handled.inc({ consumer }, some.length)
        for (const { event } of some)
          metrics.eventAge.observe({ consumer }, Math.max(0, Date.now() - Date.parse(event.occurredAt)) / 1_000)
        logHandled(log, some, performance.now() - startedAt)
      },
      deadLetter: ({ message }, error, attempts) => putAside(message, 'failed', error, attempts),
      onRetry: (err, attempt) => {
        metrics.retried.inc({ consumer })
        log.warn({ err, attempt, events: own.length }, 'batch failed, trying again')
      },
      onDependencyAway: (err) => {
        metrics.dependencyWaits.inc({ consumer })
        log.warn({ err }, 'a dependency is away, waiting for it')
      },
      signal,
    })
}

/**
 * Known by its header to be of a type that this group has no handler for: topics carry more types than most groups want, and
 * to parse an event costs more than to receive it.
 */
function concernsOthers({ headers }: ConsumedMessage, handlerOf: ReadonlyMap<EventType, AnyHandler>): boolean {
  const { type } = headers
  return type !== undefined && Object.hasOwn(payloads, type) && !handlerOf.has(type as EventType)
}

/** Per handler its events in order; an event of the topic that this group has no handler for falls away here at the latest. */
function groupByHandler(
  handlerOf: ReadonlyMap<EventType, AnyHandler>,
  items: readonly Item[],
): Map<AnyHandler, Item[]> {
  const groups = new Map<AnyHandler, Item[]>()
  for (const item of items) {
    const handler = handlerOf.get(item.event.type)
    if (handler === undefined) continue
    const own = groups.get(handler)
    if (own === undefined) groups.set(handler, [item])
    else own.push(item)
  }
  return groups
}

/** One wide line per batch, which names its first requests; one line per event at debug. */
function logHandled(log: Log, items: readonly Item[], durationMs: number): void {
  const facts = items.map(({ event: { type, eventId, requestId } }) => ({ type, eventId, requestId }))
  log.info({ count: items.length, durationMs, events: facts.slice(0, requestsPerLine) }, 'events handled')
  for (const fact of facts) log.debug(fact, 'event handled')
}
