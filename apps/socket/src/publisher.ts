/** Events of this process, straight to Kafka. */
import { type MoplEvent, topicOf } from '@mopl/contracts/events'
import { AppError } from '@mopl/contracts/errors'
import type { Producer } from '@mopl/infrastructure/kafka'
import type { Log } from '@mopl/infrastructure/log'
import { EventQueue } from './event-queue.ts'

export type Publisher = {
  /** @throws {AppError} UNAVAILABLE when the brokers have not acknowledged it in time; it may have arrived all the same */
  publish(event: MoplEvent): Promise<void>
  /** Hands the event over and returns; it is sent until it is acknowledged, and nobody waits for it. */
  publishLater(event: MoplEvent): void
  /** How many events nobody waits for, and Kafka has not acknowledged. */
  readonly waiting: number
  close(): Promise<void>
}

export type PublisherOptions = {
  producer: Producer
  log: Log
  /** Called for each event that was not acknowledged, each time. */
  onFailure: () => void
  /** Called with the number of events that will never arrive. */
  onLost: (count: number) => void
}

const retryMs = 1_000
/** Some 50 MB: a hundred changes a second for ten minutes. */
const waitingAtMost = 60_000
/** Kafka answers in milliseconds, or not at all. */
const closeWithinMs = 500

export function createPublisher({ producer, log, onFailure, onLost }: PublisherOptions): Publisher {
  const queue = new EventQueue({ send: sendTogether, retryMs, waitingAtMost, onDropped: lose })

  async function send(event: MoplEvent): Promise<void> {
    const headers = { eventId: event.eventId, type: event.type, requestId: event.requestId }
    try {
      await producer.send({ topic: topicOf(event.type), key: event.key, value: JSON.stringify(event), headers })
    } catch (cause) {
      onFailure()
      throw new AppError('UNAVAILABLE', {}, 5, { cause })
    }
  }

  async function sendTogether(events: readonly MoplEvent[]): Promise<MoplEvent[]> {
    const outcomes = await Promise.allSettled(events.map(send))
    const failed = events.filter((_event, index) => outcomes[index]?.status === 'rejected')
    if (failed.length > 0) log.warn({ events: failed.length, waiting: queue.size }, 'events not published yet')
    return failed
  }

  function lose(events: number): void {
    onLost(events)
    log.error({ events }, 'events lost')
  }

  return {
    async publish(event) {
      await send(event).catch((err: unknown) => {
        log.warn({ err, type: event.type, eventId: event.eventId }, 'event not published')
        throw err
      })
    },
    publishLater: (event) => queue.add(event),
    get waiting() {
      return queue.size
    },
    close: () => queue.close(closeWithinMs),
  }
}
