/** Makes events, apart from how they travel: the api writes them to the outbox, the socket sends them straight to Kafka. */
import type { EventType, MoplEvent, Payload } from '@mopl/contracts/events'
import { newId } from './ids.ts'

/** A new event about the subject `key`, caused by the request `requestId`. */
export function newEvent<T extends EventType>(
  type: T,
  key: string,
  payload: Payload<T>,
  requestId: string,
): MoplEvent<T> {
  const event = { eventId: newId(), type, version: 1, occurredAt: new Date().toISOString(), key, requestId, payload }
  return event as MoplEvent<T>
}
