/** A content's average: `rating_sum` and `review_count` move by deltas; `average_rating` is a generated column of the two. */
import { consumers } from '@mopl/contracts/consumers'
import type { MoplEvent } from '@mopl/contracts/events'
import { forgetIfReachable } from '../forget.ts'
import { sql } from 'drizzle-orm'
import type { Handler } from './handler.ts'

type ReviewEvent = 'review.created' | 'review.updated' | 'review.deleted'

export const contentRating: Handler<ReviewEvent> = {
  consumer: consumers.ratings,

  /**
   * One statement, so that the record of the event and its delta are kept together or not at all; the cost does not
   * grow with the number of reviews. A review of a content that is gone changes nothing.
   */
  async apply({ db, redis }, events) {
    await db.execute(sql`
      with incoming as (
        select distinct * from json_to_recordset(${JSON.stringify(events.map(toDelta))}::json)
          as event (event_id uuid, content_id uuid, added numeric, removed numeric, reviews integer)
      ), fresh as (
        insert into processed_events (consumer, event_id) select ${consumers.ratings}, event_id from incoming
        on conflict do nothing returning event_id
      ), delta as (
        select content_id, sum(added - removed) as rating, sum(reviews) as reviews
        from incoming join fresh using (event_id) group by content_id
      )
      update contents set rating_sum = rating_sum + delta.rating, review_count = review_count + delta.reviews
      from delta where contents.id = delta.content_id`)
    await forgetIfReachable(redis, events)
  },
}

function toDelta({ eventId, type, payload }: MoplEvent<ReviewEvent>) {
  const delta = { event_id: eventId, content_id: payload.contentId }
  if (type === 'review.created') return { ...delta, added: payload.rating, removed: 0, reviews: 1 }
  if (type === 'review.updated') return { ...delta, added: payload.newRating, removed: payload.oldRating, reviews: 0 }
  return { ...delta, added: 0, removed: payload.rating, reviews: -1 }
}
