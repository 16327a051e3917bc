/** Events of this process, straight to Kafka. */
import { type MoplEvent, topicOf } from '@mopl/contracts/events'
import { AppError } from '@mopl/contracts/errors'
import type { Producer } from '@mopl/infrastructure/kafka'
import type { Log } from '@mopl/infrastructure/log'

export type Publisher = {
  /** @throws {AppError} UNAVAILABLE when the brokers have not acknowledged it in time; it may have arrived all the same */
  publish(event: MoplEvent): Promise<void>
  /** Hands the event over and returns; a failure is counted and logged, nobody waits for it. */
  publishLater(event: MoplEvent): void
}

export function createPublisher(producer: Producer, log: Log, onFailure: () => void): Publisher {
  const send = async (event: MoplEvent) => {
    const headers = { eventId: event.eventId, type: event.type, requestId: event.requestId }
    try {
      await producer.send({ topic: topicOf(event.type), key: event.key, value: JSON.stringify(event), headers })
    } catch (cause) {
      onFailure()
      log.warn({ err: cause, type: event.type, eventId: event.eventId }, 'event not published')
      throw new AppError('UNAVAILABLE', {}, 5, { cause })
    }
  }
  // `send` has already counted and logged the failure.
  return { publish: send, publishLater: (event) => void send(event).catch(() => undefined) }
}
