/**
 * `subscriber_count` against the subscriptions. The api moves both in one transaction, subscription first, and deleting a
 * user takes their subscriptions along without a word to the count: that is how the two come apart.
 */
import { sql } from 'drizzle-orm'
import type { Drift } from './drift.ts'

export const subscriberDrift: Drift = {
  kind: 'drifted-subscriber-counts',
  table: sql`playlists`,
  expected: sql`subscribed.count`,
  report: sql`json_build_object('count', subscriber_count, 'expectedCount', subscribed.count)`,
  repair: sql`subscriber_count = expected.count`,
  drifted: (chosen) => sql`
    from playlists
    cross join lateral (
      select count(*) as count from playlist_subscriptions where playlist_id = playlists.id
    ) as subscribed
    where ${chosen} and subscriber_count <> subscribed.count`,
}
