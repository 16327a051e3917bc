/** Notifications, set-based: one statement makes those of a whole batch, whatever the number of receivers; then they are pushed. */
import type { MoplEvent } from '@mopl/contracts/events'
import type { NotificationDto } from '@mopl/contracts/realtime'
import { type SQL, sql } from 'drizzle-orm'
import { pushAll } from './event-stream.ts'
import type { Deps } from './handlers/handler.ts'

type Stored = {
  id: string
  createdAt: string
  receiverId: string
  title: string
  content: string
  level: NotificationDto['level']
  fresh: boolean
}

/**
 * Stores what `wanted` selects and pushes it. `wanted` reads `event (event_id, payload)` and selects
 * `(event_id, receiver_id, title, content)`. One receiver gets one notification per event, however often this runs; a
 * push that may have happened in an earlier run is not repeated either.
 */
export async function notify(deps: Deps, events: readonly MoplEvent[], wanted: SQL): Promise<void> {
  const batch = JSON.stringify(events.map(({ eventId, payload }) => ({ event_id: eventId, payload })))
  const { rows } = await deps.db.execute<Stored>(sql`
    with event as (
      select distinct on (event_id) * from json_to_recordset(${batch}::json) as event (event_id uuid, payload jsonb)
    ), wanted as (${wanted}), fresh as (
      insert into notifications (id, event_id, receiver_id, title, content)
      select ${uuidV7}, event_id, receiver_id, title, content from wanted
      on conflict (event_id, receiver_id) do nothing
      returning ${dto}, true as fresh
    )
    select * from fresh
    union all
    -- reads the snapshot of before the insert: what an earlier run has stored
    select ${dto}, false as fresh from notifications where event_id in (select event_id from event)`)
  await pushAll(
    deps.redis,
    rows.map(({ fresh, ...data }) => ({
      userId: data.receiverId,
      event: { event: 'notifications', data },
      maybePushed: !fresh,
    })),
  )
}

const dto = sql`id, ${isoInstant(sql`created_at`)} as "createdAt", receiver_id as "receiverId", title, content, level`

/** A timestamptz(3) as it travels: `2026-01-31T12:34:56.789Z`. */
export function isoInstant(column: SQL): SQL {
  return sql`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
}

/** A UUIDv7 made by the database (PostgreSQL 18 has `uuidv7()`): a random uuid with the time and the version written over it. */
const uuidV7 = sql`encode(set_bit(set_bit(overlay(
  uuid_send(gen_random_uuid()) placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6
), 52, 1), 53, 1), 'hex')::uuid`
