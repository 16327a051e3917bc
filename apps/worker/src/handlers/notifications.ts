/** Who is told of what, in which words (contract section 5, rule 10). Nobody is told of what they did themselves. */
import { type SQL, sql } from 'drizzle-orm'
import type { EventType } from '@mopl/contracts/events'
import { type Audience, notifyAll, notifyFirst } from '../fan-out.ts'
import { notify } from '../notify.ts'
import type { Handler } from './handler.ts'

function notification<T extends EventType>(wanted: SQL): Handler<T> {
  return { consumer: 'mopl-notifications', apply: (deps, events) => notify(deps, events, wanted) }
}

/** For events that may concern any number of people. */
function broadcast<T extends EventType>(audience: Audience): readonly Handler<T>[] {
  return [
    { consumer: 'mopl-notifications', apply: (deps, events) => notifyFirst(deps, events, audience) },
    { consumer: 'mopl-fan-outs', apply: (deps, events, signal) => notifyAll(deps, events, audience, signal) },
  ]
}

/** A uuid out of the event's payload. */
const id = (field: string) => sql`(payload ->> ${sql.raw(`'${field}'`)})::uuid`

export const notifyRoleChange = notification<'user.role-changed'>(sql`
  select event_id, users.id as receiver_id, '권한 변경' as title,
    format('%s님의 권한이 %s에서 %s(으)로 변경되었습니다.', name, ${roleName('oldRole')}, ${roleName('newRole')}) as content
  from event join users on users.id = ${id('userId')}`)

export const notifyFollowee = notification<'follow.created'>(sql`
  select event_id, followee.id as receiver_id, '새 팔로워' as title,
    format('%s님이 회원님을 팔로우하기 시작했습니다.', follower.name) as content
  from event join users as follower on follower.id = ${id('followerId')} join users as followee on followee.id = ${id('followeeId')}`)

export const notifyOwner = notification<'playlist.subscribed'>(sql`
  select event_id, playlists.owner_id as receiver_id, '플레이리스트 구독' as title,
    format('%s님이 ''%s'' 플레이리스트를 구독했습니다.', subscriber.name, playlists.title) as content
  from event join playlists on playlists.id = ${id('playlistId')} join users as subscriber on subscriber.id = ${id('subscriberId')}
  where playlists.owner_id <> subscriber.id`)

export const notifySubscribers = broadcast<'playlist.content-added'>(
  (limit) => sql`
  select event_id, receiver_id, '플레이리스트에 새 콘텐츠' as title,
    format('%s님이 ''%s'' 플레이리스트에 ''%s'' 콘텐츠를 추가했습니다.', owner.name, playlists.title, contents.title) as content
  from event join playlists on playlists.id = ${id('playlistId')} join users as owner on owner.id = playlists.owner_id
  join contents on contents.id = ${id('contentId')} cross join lateral (
    select subscriber_id as receiver_id from playlist_subscriptions
    where playlist_id = playlists.id and subscriber_id > after_id and subscriber_id <> playlists.owner_id
    order by subscriber_id limit ${limit}
  ) as receiver`,
)

export const notifyFollowersOfPlaylist = broadcast<'playlist.created'>(
  (limit) => sql`
  select event_id, receiver_id, '새 플레이리스트' as title,
    format('%s님이 ''%s'' 플레이리스트를 만들었습니다.', owner.name, playlists.title) as content
  from event join playlists on playlists.id = ${id('playlistId')} join users as owner on owner.id = playlists.owner_id
  cross join lateral (${followersOf(sql`owner.id`, limit)}) as receiver`,
)

export const notifyFollowersOfWatching = broadcast<'watching-session.started'>(
  (limit) => sql`
  select event_id, receiver_id, '시청 시작' as title,
    format('%s님이 ''%s'' 콘텐츠를 시청하기 시작했습니다.', watcher.name, contents.title) as content
  from event join users as watcher on watcher.id = ${id('watcherId')} join contents on contents.id = ${id('contentId')}
  cross join lateral (${followersOf(sql`watcher.id`, limit)}) as receiver`,
)

function followersOf(user: SQL, limit: number): SQL {
  return sql`select follower_id as receiver_id from follows
    where followee_id = ${user} and follower_id > after_id order by follower_id limit ${limit}`
}

function roleName(field: string): SQL {
  return sql`case payload ->> ${sql.raw(`'${field}'`)} when 'ADMIN' then '관리자' else '일반 사용자' end`
}
