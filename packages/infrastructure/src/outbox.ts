/**
 * The transactional outbox: the event row is written in the transaction of the change it tells, so that both are there
 * or neither is. The worker's relay carries it to Kafka.
 */
import { type MoplEvent, subjectOf } from '@mopl/contracts/events'
import { sql } from 'drizzle-orm'
import type { Db, Sql } from './postgres.ts'
import { prepared } from './prepared.ts'
import { outboxEvents } from './tables.ts'

export { newEvent } from './events.ts'

/** PostgreSQL channel on which the relay is woken. A hint: it may be lost, the relay polls as well. */
export const outboxChannel = 'mopl_outbox'

/** Writes the event beside the change. Call it inside the transaction of the change. */
export async function emit(tx: Sql, event: MoplEvent): Promise<void> {
  await insertEvent(tx).execute(rowOf(event))
}

const insertEvent = prepared((db) =>
  db.insert(outboxEvents).values({
    id: sql.placeholder('id'),
    aggregatetype: sql.placeholder('aggregatetype'),
    aggregateid: sql.placeholder('aggregateid'),
    type: sql.placeholder('type'),
    payload: sql.placeholder('payload'),
  }),
)

/** As `emit`, for any number of events in one statement. */
export async function emitAll(tx: Sql, events: readonly MoplEvent[]): Promise<void> {
  if (events.length === 0) return
  await tx.insert(outboxEvents).values(events.map(rowOf))
}

function rowOf(event: MoplEvent) {
  const { eventId: id, key: aggregateid, type } = event
  return { id, aggregatetype: subjectOf(type), aggregateid, type, payload: event }
}

/**
 * Returns a function that tells the relay "there is something", at most once per `debounceMs` however often it is called.
 * It is called after commit, outside the transaction: NOTIFY takes an instance-wide lock at commit.
 */
export function outboxBell(db: Db, debounceMs = 2): () => void {
  let ringing = false
  return () => {
    if (ringing) return
    ringing = true
    setTimeout(() => {
      ringing = false
      // A lost hint costs one polling interval, so that its failure is of no interest.
      db.execute(sql`select pg_notify(${outboxChannel}, '')`).catch(() => undefined)
    }, debounceMs)
  }
}
