/** Notifications, set-based: one statement makes those of a whole batch; then they are pushed. */
import type { MoplEvent } from '@mopl/contracts/events'
import type { NotificationDto } from '@mopl/contracts/realtime'
import type { Db } from '@mopl/infrastructure/postgres'
import { type SQL, sql } from 'drizzle-orm'
import { type Push, pushAll } from './event-stream.ts'
import type { Deps } from './handlers/handler.ts'

export type Stored = {
  eventId: string
  id: string
  createdAt: string
  receiverId: string
  title: string
  content: string
  level: NotificationDto['level']
  /** False for what an earlier run, or somebody else, has stored. */
  fresh: boolean
}

/** An event, and the receiver after whom to go on: all of them when there is none. */
export type Wanting = { event: MoplEvent; afterId?: string }

/**
 * Stores what `wanted` selects and pushes it. `wanted` reads `event (event_id, payload)` and selects
 * `(event_id, receiver_id, title, content)`, each receiver of an event once. One receiver gets one notification per event, however often this runs; a
 * push that may have happened in an earlier run is not repeated either.
 */
export async function notify(deps: Deps, events: readonly MoplEvent[], wanted: SQL): Promise<void> {
  const wanting = events.map((event) => ({ event }))
  const stored = await storeNotifications(deps.db, wanting, wanted)
  await pushAll(
    deps.redis,
    stored.map((one) => toPush(one, !one.fresh)),
  )
}

/**
 * Stores what `wanted` selects, which reads `event (event_id, payload, after_id)`, and returns all of it: also what
 * somebody else stored in the middle of it, which the statement that ran into it does not see and the next one does.
 */
export async function storeNotifications(db: Db, events: readonly Wanting[], wanted: SQL): Promise<Stored[]> {
  const batch = events.map(({ event: { eventId, payload }, afterId = leastId }) => ({
    event_id: eventId,
    payload,
    after_id: afterId,
  }))
  for (;;) {
    const { rows } = await db.execute<{ wanted: number } & (Stored | { id: null })>(
      storing(JSON.stringify(batch), wanted),
    )
    const stored = rows.filter((row) => row.id !== null)
    if (stored.length === rows[0]?.wanted) return stored
  }
}

/** One row per notification, or one of nulls when there is none; each with how many `wanted` there are. */
function storing(batch: string, wanted: SQL): SQL {
  return sql`
    with event as (
      select distinct on (event_id) * from json_to_recordset(${batch}::json)
        as event (event_id uuid, payload jsonb, after_id uuid)
    ), wanted as materialized (${wanted}), fresh as (
      insert into notifications (id, event_id, receiver_id, title, content)
      select ${uuidV7}, event_id, receiver_id, title, content from wanted
      on conflict (event_id, receiver_id) do nothing
      returning ${dto}, true as fresh
    ), stored as (
      select * from fresh
      union all
      -- reads the snapshot of before the insert: what an earlier run has stored; one by one by the index, whatever the
      -- planner thinks of the table's size
      select earlier.* from wanted cross join lateral (
        select ${dto}, false as fresh from notifications
        where notifications.event_id = wanted.event_id and notifications.receiver_id = wanted.receiver_id limit 1
      ) as earlier
    )
    select stored.*, total.wanted
    from (select count(*)::int as wanted from wanted) as total left join stored on true`
}

/** `maybePushed`: the stream is looked through first. */
export function toPush(stored: Stored, maybePushed: boolean): Push {
  const { id, createdAt, receiverId, title, content, level } = stored
  const data = { id, createdAt, receiverId, title, content, level }
  return { userId: receiverId, event: { event: 'notifications', data }, maybePushed }
}

const leastId = '00000000-0000-0000-0000-000000000000'

const dto = sql`event_id as "eventId", id, ${isoInstant(sql`created_at`)} as "createdAt", receiver_id as "receiverId", title, content, level`

/** A timestamptz(3) as it travels: `2026-01-31T12:34:56.789Z`. */
export function isoInstant(column: SQL): SQL {
  return sql`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
}

/** A UUIDv7 made by the database (PostgreSQL 18 has `uuidv7()`): a random uuid with the time and the version written over it. */
const uuidV7 = sql`encode(set_bit(set_bit(overlay(
  uuid_send(gen_random_uuid()) placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6
), 52, 1), 53, 1), 'hex')::uuid`
