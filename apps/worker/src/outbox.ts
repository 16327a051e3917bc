/** The relay's statements. A lane is a sixteenth of all keys: whoever holds it publishes those keys, in order. */
import { type EventType, payloads, subjectOf } from '@mopl/contracts/events'
import type { Sql } from '@mopl/infrastructure/postgres'
import { sql } from 'drizzle-orm'

export type OutboxRow = { id: string; key: string; type: string; payload: string; requestId: string | null }
export type Waiting = { count: number; oldestAgeSeconds: number }

/** Any constant: the first of the advisory lock's two keys; the lane is the second. */
const laneLocks = 6_665_423
/** What a newer version writes about subjects unknown here waits for a worker that knows their topic. */
const subjects = [...new Set((Object.keys(payloads) as EventType[]).map(subjectOf))]

/** As `outbox_events.lane` is computed. */
export const laneCount = 16

/** Takes up to `max` of the lanes that nobody else holds, until the transaction ends. */
export async function takeLanes(tx: Sql, max: number): Promise<number[]> {
  const { rows } = await tx.execute<{ lane: number }>(sql`
    select lane from generate_series(0, ${laneCount - 1}::int) as lane
    where pg_try_advisory_xact_lock(${laneLocks}, lane) limit ${max}`)
  return rows.map(({ lane }) => lane)
}

/** The first `limit` events of each lane that are not published, in order. */
export async function waitingIn(tx: Sql, lanes: readonly number[], limit: number): Promise<OutboxRow[]> {
  const { rows } = await tx.execute<OutboxRow>(sql`
    select event.* from unnest(${sql.param(lanes)}::smallint[]) as held (lane)
    cross join lateral (
      select id, aggregateid as key, type, payload::text as payload, payload ->> 'requestId' as "requestId"
      from outbox_events
      where outbox_events.lane = held.lane and published_at is null and aggregatetype = any(${sql.param(subjects)})
      order by position limit ${limit}
    ) as event`)
  return rows
}

export async function markPublished(tx: Sql, ids: readonly string[]): Promise<void> {
  await tx.execute(
    sql`update outbox_events set published_at = clock_timestamp() where id = any(${sql.param(ids)}::uuid[])`,
  )
}

export async function countWaiting(db: Sql): Promise<Waiting> {
  const { rows } = await db.execute<Waiting>(sql`
    select count(*)::int as count,
      coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as "oldestAgeSeconds"
    from outbox_events where published_at is null`)
  return rows[0] ?? { count: 0, oldestAgeSeconds: 0 }
}
