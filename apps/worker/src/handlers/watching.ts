/** The number of watchers that content lists sort by, and the history of who watched what. */
import type { MoplEvent } from '@mopl/contracts/events'
import { forgetIfReachable } from '../forget.ts'
import { sql } from 'drizzle-orm'
import type { Handler } from './handler.ts'

type WatchingEvent = 'watching-session.started' | 'watching-session.ended'

export const watching: Handler<WatchingEvent> = {
  consumer: 'mopl-watching',

  /**
   * Idempotent by nature: the count is absolute and the latest one per content wins, whatever the order in which the
   * instances of the socket came to publish; a session is a row that gets its end once. Sessions of a content or a user
   * that is gone are left out.
   */
  async apply({ db, redis }, events) {
    await db.execute(sql`
      with incoming as (
        select * from json_to_recordset(${JSON.stringify(events.map(toRow))}::json)
          as event (place integer, id uuid, content_id uuid, watcher_id uuid,
                    started_at timestamptz, ended_at timestamptz, watcher_count integer, revision bigint)
      ), counted as (
        update contents
        set watcher_count = last.watcher_count, watcher_count_revision = coalesce(last.revision, watcher_count_revision)
        from (select distinct on (content_id) content_id, watcher_count, revision
              from incoming order by content_id, revision desc nulls last, place desc) as last
        where contents.id = last.content_id and coalesce(last.revision >= watcher_count_revision, true)
      )
      insert into watching_sessions (id, content_id, watcher_id, created_at, ended_at)
      select incoming.id, content_id, watcher_id, min(started_at), greatest(max(ended_at), min(started_at) filter (where ended_at is not null))
      from incoming join contents on contents.id = content_id join users on users.id = watcher_id
      group by incoming.id, content_id, watcher_id
      on conflict (id) do update set ended_at = coalesce(watching_sessions.ended_at, excluded.ended_at)`)
    await forgetIfReachable(redis, events)
  },
}

function toRow({ type, occurredAt, payload }: MoplEvent<WatchingEvent>, place: number) {
  return {
    place,
    id: payload.watchingSessionId,
    content_id: payload.contentId,
    watcher_id: payload.watcherId,
    started_at: payload.startedAt,
    ended_at: type === 'watching-session.ended' ? occurredAt : null,
    watcher_count: payload.watcherCount,
    revision: payload.revision ?? null,
  }
}
