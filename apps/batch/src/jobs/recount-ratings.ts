/**
 * Recomputes `rating_sum` and `review_count` from the reviews and repairs what drifted.
 *
 * The worker applies a review's event some time after the review is committed, so that a plain recount would count an
 * event in flight twice: once here, once when it arrives. What holds instead, in any one snapshot, is
 *   stored = reviews - events not yet applied
 * because a review commits together with its outbox row, and an event's effect together with its `processed_events` row.
 * An event that was never applied and whose outbox row is past its retention counts as lost, and is made up for.
 */
import { consumers } from '@mopl/contracts/consumers'
import { type SQL, sql } from 'drizzle-orm'
import type { Job, JobContext } from './job.ts'

const chunkContents = 100

export const recountRatings: Job = {
  schedule: '0 5 * * *',
  summary: 'recomputes average ratings and review counts, and repairs what drifted',
  kinds: ['drifted-ratings'],
  async run({ db, tally, dryRun, signal }) {
    const { rows } = await db.execute<{ id: string }>(
      sql`select contents.id ${driftedContents(sql`true`)} order by contents.id`,
    )
    tally.begin('drifted-ratings', rows.length)
    if (dryRun) return tally.add(rows.length)
    for (let start = 0; start < rows.length && !signal.aborted; start += chunkContents) {
      const ids = rows.slice(start, start + chunkContents).map((row) => row.id)
      tally.add(await repair(db, ids))
    }
  },
}

/**
 * Locks first, and counts in a second statement: its snapshot has everything that was applied before the lock, and
 * whatever waits for the lock is not yet applied in it.
 */
async function repair(db: JobContext['db'], ids: string[]): Promise<number> {
  const chosen = sql`contents.id = any(${sql.param(ids)}::uuid[])`
  return db.transaction(async (tx) => {
    await tx.execute(sql`select from contents where ${chosen} order by id for no key update`)
    const { rowCount } = await tx.execute(sql`
      update contents set rating_sum = expected.sum, review_count = expected.count
      from (select contents.id, expected_sum as sum, expected_count as count ${driftedContents(chosen)}) as expected
      where contents.id = expected.id`)
    return rowCount ?? 0
  })
}

/** `from ... where ...` of the contents, among those `chosen`, whose stored numbers are not what they should be. */
function driftedContents(chosen: SQL): SQL {
  return sql`
    from contents
    left join lateral (
      select sum(rating) as sum, count(*) as count from reviews where content_id = contents.id
    ) as reviewed on true
    left join (${eventsInFlight}) as in_flight on in_flight.content_id = contents.id
    cross join lateral (
      select coalesce(reviewed.sum, 0) - coalesce(in_flight.sum, 0) as expected_sum,
             reviewed.count - coalesce(in_flight.count, 0) as expected_count
    ) as expectation
    where ${chosen} and (rating_sum, review_count) is distinct from (expected_sum, expected_count)`
}

/** What the events that are on their way will add to each content. `payload` is the whole envelope. */
const eventsInFlight = sql`
  select aggregateid::uuid as content_id,
    sum(case type
      when 'review.created' then (payload -> 'payload' ->> 'rating')::numeric
      when 'review.deleted' then -(payload -> 'payload' ->> 'rating')::numeric
      when 'review.updated' then (payload -> 'payload' ->> 'newRating')::numeric
                               - (payload -> 'payload' ->> 'oldRating')::numeric
    end) as sum,
    sum(case type when 'review.created' then 1 when 'review.deleted' then -1 else 0 end) as count
  from outbox_events
  where aggregatetype = 'review' and not exists (
    select from processed_events where consumer = ${consumers.ratings} and event_id = outbox_events.id
  )
  group by aggregateid`
