/** Who is told of what, in which words (contract section 5, rule 10). Nobody is told of what they did themselves. */
import { type SQL, sql } from 'drizzle-orm'
import type { EventType } from '@mopl/contracts/events'
import { notify } from '../notify.ts'
import type { Handler } from './handler.ts'

function notification<T extends EventType>(wanted: SQL): Handler<T> {
  return { consumer: 'mopl-notifications', apply: (deps, events) => notify(deps, events, wanted) }
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

export const notifySubscribers = notification<'playlist.content-added'>(sql`
  select event_id, subscriber_id as receiver_id, '플레이리스트에 새 콘텐츠' as title,
    format('%s님이 ''%s'' 플레이리스트에 ''%s'' 콘텐츠를 추가했습니다.', owner.name, playlists.title, contents.title) as content
  from event join playlists on playlists.id = ${id('playlistId')} join users as owner on owner.id = playlists.owner_id
  join contents on contents.id = ${id('contentId')} join playlist_subscriptions on playlist_id = playlists.id
  where subscriber_id <> playlists.owner_id`)

export const notifyFollowersOfPlaylist = notification<'playlist.created'>(sql`
  select event_id, follower_id as receiver_id, '새 플레이리스트' as title,
    format('%s님이 ''%s'' 플레이리스트를 만들었습니다.', owner.name, playlists.title) as content
  from event join playlists on playlists.id = ${id('playlistId')} join users as owner on owner.id = playlists.owner_id
  join follows on followee_id = owner.id`)

export const notifyFollowersOfWatching = notification<'watching-session.started'>(sql`
  select event_id, follower_id as receiver_id, '시청 시작' as title,
    format('%s님이 ''%s'' 콘텐츠를 시청하기 시작했습니다.', watcher.name, contents.title) as content
  from event join users as watcher on watcher.id = ${id('watcherId')} join contents on contents.id = ${id('contentId')}
  join follows on followee_id = watcher.id`)

function roleName(field: string): SQL {
  return sql`case payload ->> ${sql.raw(`'${field}'`)} when 'ADMIN' then '관리자' else '일반 사용자' end`
}
