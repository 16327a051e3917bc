/** Being in a room, as presence sees it: what to do in Redis, and which events tell the rest of the system. */
import { newEvent } from '@mopl/infrastructure/events'
import { newId, timeOfId } from '@mopl/infrastructure/ids'
import type { UserSummary } from '@mopl/contracts/realtime'
import type { Redis } from 'ioredis'
import type { Publisher } from '../publisher.ts'
import type { Place } from '../presence/presence.ts'
import { joinRoom, leaveRoom, type RoomChange } from './scripts.ts'

export type WatchingDeps = { redis: Redis; publisher: Publisher }

/** How the entry is named in a node's list, and read back by the reaper. */
export function watchingKey(contentId: string, userId: string): string {
  return `${contentId}|${userId}`
}

/** The place of one watcher in one room. `requestId` is the connection that brought the watcher there. */
export function watchingPlace(deps: WatchingDeps, contentId: string, watcher: UserSummary, requestId: string): Place {
  let sessionId: string | undefined
  return {
    async enter(nodeId, moved) {
      // After a flush nobody was told that anybody left: the session goes on under its id, and is not news.
      const goesOn = moved !== false && moved.flushed
      const id = goesOn && sessionId !== undefined ? sessionId : newId()
      const candidate = { id, createdAt: timeOfId(id).toISOString(), watcher }
      const joined = await joinRoom(deps.redis, contentId, nodeId, candidate)
      sessionId = joined.member.id
      if (joined.changed && !goesOn) tell(deps.publisher, 'watching-session.started', contentId, joined, requestId)
    },
    async leave(nodeId) {
      await leaveWatching(deps, contentId, nodeId, watcher.userId, requestId)
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
