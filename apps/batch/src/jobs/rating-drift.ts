/**
 * `rating_sum` and `review_count` against the reviews.
 *
 * The worker applies a review's event some time after the review is committed, so that a plain recount would count an
 * event in flight twice: once here, once when it arrives. What holds instead, in any one snapshot, is
 *   stored = reviews - events not yet applied
 * because a review commits together with its outbox row, and an event's effect together with its `processed_events` row.
 * An event that was never applied and whose outbox row is past its retention counts as lost, and is made up for.
 */
import { consumers } from '@mopl/contracts/consumers'
import { type SQL, sql } from 'drizzle-orm'
import type { Drift } from './drift.ts'

export const ratingDrift: Drift = {
  kind: 'drifted-ratings',
  table: sql`contents`,
  expected: sql`expected_sum as sum, expected_count as count`,
  report: sql`json_build_object('sum', rating_sum, 'expectedSum', expected_sum,
    'count', review_count, 'expectedCount', expected_count)`,
  repair: sql`rating_sum = expected.sum, review_count = expected.count`,
  drifted: (chosen) => sql`
    from contents
    left join lateral (
      select sum(rating) as sum, count(*) as count from reviews where content_id = contents.id
    ) as reviewed on true
    left join (${eventsInFlight()}) as in_flight on in_flight.content_id = contents.id
    cross join lateral (
      select coalesce(reviewed.sum, 0) - coalesce(in_flight.sum, 0) as expected_sum,
             reviewed.count - coalesce(in_flight.count, 0) as expected_count
    ) as expectation
    where ${chosen} and (rating_sum, review_count) is distinct from (expected_sum, expected_count)`,
}

/** What the events that are on their way will add to each content. `payload` is the whole envelope. */
function eventsInFlight(): SQL {
  return sql`
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
}
