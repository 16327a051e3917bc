/**
 * Notifications of events that concern many: the 100,000 subscribers of a playlist as well as three followers.
 *
 * They are made in chunks by receiver, each its own statement, so that none runs into its deadline and memory stays
 * bounded. Two consumer groups do it: one tells the first hundred of each event and is done with it soon, the other tells
 * all, however long that takes. So nobody waits behind somebody else's hundred thousand, and it does not matter that the
 * two overlap: a receiver is told once.
 */
import type { MoplEvent } from '@mopl/contracts/events'
import type { SQL } from 'drizzle-orm'
import { connectedAmong, pushAll } from './event-stream.ts'
import type { Deps } from './handlers/handler.ts'
import { type Stored, storeNotifications, toPush, type Wanting } from './notify.ts'

/**
 * Selects `(event_id, receiver_id, title, content)` for the first `limit` receivers of each `event (event_id, payload,
 * after_id)` whose ids are greater than `after_id`.
 */
export type Audience = (limit: number) => SQL

const firstReceivers = 100
const receiversPerStatement = 5_000
const eventsPerStatement = receiversPerStatement / firstReceivers

/** Tells the first hundred. */
export async function notifyFirst(deps: Deps, events: readonly MoplEvent[], audience: Audience): Promise<void> {
  for (let start = 0; start < events.length; start += eventsPerStatement) {
    const some = events.slice(start, start + eventsPerStatement)
    await tell(
      deps,
      some.map((event) => ({ event })),
      audience(firstReceivers),
    )
  }
}

/**
 * Tells all, the events taking turns.
 *
 * @throws its reason between two chunks, once `signal` aborts
 */
export async function notifyAll(
  deps: Deps,
  events: readonly MoplEvent[],
  audience: Audience,
  signal: AbortSignal,
): Promise<void> {
  const waiting: Wanting[] = events.map((event) => ({ event }))
  while (waiting.length > 0) {
    signal.throwIfAborted()
    const turn = waiting.splice(0, eventsPerStatement)
    const limit = Math.ceil(receiversPerStatement / turn.length)
    const stored = await tell(deps, turn, audience(limit))
    for (const { event } of turn) {
      const told = stored.filter(({ eventId }) => eventId === event.eventId)
      if (told.length === limit) waiting.push({ event, afterId: lastOf(told) })
    }
  }
}

async function tell({ db, redis }: Deps, events: readonly Wanting[], wanted: SQL): Promise<Stored[]> {
  const stored = await storeNotifications(db, events, wanted)
  const connected = await connectedAmong(redis, new Set(stored.map(({ receiverId }) => receiverId)))
  // Whoever stored it may be about to push it, or both groups at once: each looks whether the other was first.
  const pushes = stored.filter(({ receiverId }) => connected.has(receiverId)).map((one) => toPush(one, true))
  await pushAll(redis, pushes)
  return stored
}

/** Ids compare as text as PostgreSQL compares them. */
function lastOf(told: readonly Stored[]): string {
  return told.reduce((last, { receiverId }) => (receiverId > last ? receiverId : last), '')
}
