/** Being in a room, as presence sees it: what to do in Redis, and which events tell the rest of the system. */
import { newEvent } from '@mopl/infrastructure/events'
import { newId, timeOfId } from '@mopl/infrastructure/ids'
import type { RoomMember, UserSummary } from '@mopl/contracts/realtime'
import type { Redis } from 'ioredis'
import type { Publisher } from '../publisher.ts'
import type { Place } from '../presence/presence.ts'
import { joinRoom, leaveRoom, type RoomChange, tellSessionGone } from './scripts.ts'

export type WatchingDeps = { redis: Redis; publisher: Publisher }

export type WatchingPlaceDeps = WatchingDeps & {
  /** Whether Redis has lost what was written under that node id. */
  lostDataOf: (nodeId: string) => Promise<boolean>
}

/** How the entry is named in a node's list, and read back by the reaper. */
export function watchingKey(contentId: string, userId: string): string {
  return `${contentId}|${userId}`
}

/** The place of one watcher in one room. `requestId` is the connection that brought the watcher there. */
export function watchingPlace(
  deps: WatchingPlaceDeps,
  contentId: string,
  watcher: UserSummary,
  requestId: string,
): Place {
  /** The session that the room was last told of, as far as this process knows. */
  let told: RoomMember | undefined

  async function tellGone(member: RoomMember): Promise<void> {
    const gone = await tellSessionGone(deps.redis, contentId, member)
    if (gone !== undefined) tell(deps.publisher, 'watching-session.ended', contentId, gone, requestId)
  }

  return {
    async enter(nodeId, moved) {
      // After a flush nobody was told that anybody left: the session goes on under its id, and is not news.
      const goesOn = moved !== false && moved.flushed
      const before = goesOn ? told : undefined
      const id = before?.id ?? newId()
      const candidate = { id, createdAt: timeOfId(id).toISOString(), watcher }
      const joined = await joinRoom(deps.redis, contentId, nodeId, candidate)
      told = joined.member
      // The user has come in by another instance meanwhile, under a session of its own.
      if (before !== undefined) await tellGone(before)
      if (joined.changed && !goesOn) tell(deps.publisher, 'watching-session.started', contentId, joined, requestId)
    },
    async leave(nodeId) {
      const left = await leaveWatching(deps, contentId, nodeId, watcher.userId, requestId)
      // Redis does not know of anybody leaving, the room still has to.
      if (!left && told !== undefined && (await deps.lostDataOf(nodeId))) await tellGone(told)
    },
  }
}

/** Takes the watcher out of the room as far as `nodeId` is concerned; the reaper does so for nodes that are gone. */
export async function leaveWatching(
  { redis, publisher }: WatchingDeps,
  contentId: string,
  nodeId: string,
  userId: string,
  requestId: string,
): Promise<boolean> {
  const left = await leaveRoom(redis, contentId, nodeId, userId)
  if (left !== undefined) tell(publisher, 'watching-session.ended', contentId, left, requestId)
  return left !== undefined
}

/** A room does not wait for Kafka, nor does it stand or fall with it. */
function tell(
  publisher: Publisher,
  type: 'watching-session.started' | 'watching-session.ended',
  contentId: string,
  { member, watcherCount }: RoomChange,
  requestId: string,
): void {
  const session = {
    watchingSessionId: member.id,
    contentId,
    watcherId: member.watcher.userId,
    startedAt: member.createdAt,
  }
  publisher.publishLater(newEvent(type, contentId, { ...session, watcherCount }, requestId))
}
