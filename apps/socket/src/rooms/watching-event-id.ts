/** A session starts once and ends once: the id of either event follows from it, whoever tells. */
import { createHash } from 'node:crypto'

export function startedEventId(sessionId: string): string {
  return sessionId
}

/** A UUIDv8 (RFC 9562 section 5.8): nothing is stored under it, so that it need not sort by time. */
export function endedEventId(sessionId: string): string {
  const hex = createHash('sha256').update(`ended ${sessionId}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
