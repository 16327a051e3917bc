/** UUIDv7 (RFC 9562 section 5.7): ids that sort by the time they were made. */
import { v7 } from 'uuid'

/** A new UUIDv7; those made later in one process sort later, also inside one millisecond. */
export function newId(): string {
  return v7()
}

/** The time inside a UUIDv7, in milliseconds precision. */
export function timeOfId(id: string): Date {
  return new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16))
}
