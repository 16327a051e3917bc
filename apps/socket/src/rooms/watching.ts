/** Being in a room, as presence sees it: what to do in Redis, and which events tell the rest of the system. */
import { newEvent } from '@mopl/infrastructure/events'
import { newId, timeOfId } from '@mopl/infrastructure/ids'
import type { RoomMember, UserSummary } from '@mopl/contracts/realtime'
import type { Redis } from 'ioredis'
import type { Publisher } from '../publisher.ts'
import type { Place } from '../presence/presence.ts'
import { joinRoom, leaveRoom, type RoomCount, tellSessionGone } from './scripts.ts'
import { forgetWatching } from './watched-rooms.ts'
import { endedEventId, startedEventId } from './watching-event-id.ts'

export type WatchingDeps = { redis: Redis; publisher: Publisher }

export type WatchingPlaceDeps = WatchingDeps & {
  /** Whether Redis has lost what was written under that node id. */
  lostDataOf: (nodeId: string) => Promise<boolean>
}

const eventIdOf = { 'watching-session.started': startedEventId, 'watching-session.ended': endedEventId } as const
type Session = { contentId: string; sessionId: string; watcherId: string }

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
  const watcherId = watcher.userId
  /** The session that the room was last told of, as far as this process knows. */
  let told: RoomMember | undefined
  /** What this process brings in: the same until it is known to be in, so that an attempt whose answer got lost is known again. */
  let candidate: RoomMember | undefined

  async function tellGone(member: RoomMember): Promise<void> {
    const count = await tellSessionGone(deps.redis, contentId, member)
    const session = { contentId, watcherId, sessionId: member.id }
    if (count !== undefined) tell(deps.publisher, 'watching-session.ended', session, count, requestId)
  }

  return {
    async enter(nodeId, moved) {
      // After a flush nobody was told that anybody left: the session goes on under its id.
      const before = moved !== false && moved.flushed ? told : undefined
      candidate ??= before ?? newMember(watcher)
      const joined = await joinRoom(deps.redis, contentId, nodeId, candidate, before !== undefined)
      const { member } = joined
      // The user has come in by another instance meanwhile, under a session of its own.
      if (before !== undefined) await tellGone(before)
      told = member
      const session = { contentId, watcherId, sessionId: member.id }
      // A session that goes on is the same event again: no news to anybody, but the room's count is that of now.
      if (member.id === candidate.id) tell(deps.publisher, 'watching-session.started', session, joined, requestId)
      candidate = undefined
    },
    async leave(nodeId) {
      const ended = await leaveWatching(deps, contentId, nodeId, watcherId, requestId)
      // Redis does not know that this session ends, the room still has to.
      if (told !== undefined && told.id !== ended && (await deps.lostDataOf(nodeId))) await tellGone(told)
      candidate = undefined
    },
  }
}

/** Takes the watcher out of the room as far as `nodeId` is concerned. Returns the session that this has ended. */
async function leaveWatching(
  deps: WatchingDeps,
  contentId: string,
  nodeId: string,
  watcherId: string,
  requestId: string,
): Promise<string | undefined> {
  const left = await leaveRoom(deps.redis, contentId, nodeId, watcherId)
  if (left?.isOver !== true) return undefined
  await endSession(deps, { contentId, watcherId, sessionId: left.sessionId }, left, requestId)
  return left.sessionId
}

/**
 * Takes the watcher out of the room as far as a node that is gone is concerned. It may have died before Kafka had the start
 * of the session, which is told again: it is the same event. Returns whether the session is over.
 */
export async function reapWatching(
  deps: WatchingDeps,
  contentId: string,
  nodeId: string,
  watcherId: string,
): Promise<boolean> {
  const left = await leaveRoom(deps.redis, contentId, nodeId, watcherId)
  if (left === undefined) return false
  const requestId = `reaped-${nodeId}`
  const session = { contentId, watcherId, sessionId: left.sessionId }
  tell(deps.publisher, 'watching-session.started', session, left, requestId)
  if (left.isOver) await endSession(deps, session, left, requestId)
  return left.isOver
}

/** Told before it is forgotten: should the answer to one of these steps get lost, the next attempt finds the session. */
async function endSession(
  { redis, publisher }: WatchingDeps,
  session: Session,
  count: RoomCount,
  requestId: string,
): Promise<void> {
  tell(publisher, 'watching-session.ended', session, count, requestId)
  await forgetWatching(redis, session.watcherId, session.contentId, session.sessionId)
}

function newMember(watcher: UserSummary): RoomMember {
  const id = newId()
  return { id, createdAt: timeOfId(id).toISOString(), watcher }
}

/**
 * A room does not wait for Kafka, nor does it stand or fall with it. Two nodes may find that the same session is over (one
 * has seen it leave, another has reaped it): then it is the same event, with the same id.
 */
function tell(
  publisher: Publisher,
  type: keyof typeof eventIdOf,
  { contentId, sessionId, watcherId }: Session,
  { watcherCount, revision }: RoomCount,
  requestId: string,
): void {
  const startedAt = timeOfId(sessionId).toISOString()
  const payload = { watchingSessionId: sessionId, contentId, watcherId, startedAt, watcherCount, revision }
  publisher.publishLater({ ...newEvent(type, contentId, payload, requestId), eventId: eventIdOf[type](sessionId) })
}
