/**
 * Everything that happened, as it travels through the outbox and Kafka.
 *
 * Additive changes (a new optional field, a new type) keep `version`; a consumer skips what it does not know.
 */
import * as v from 'valibot'
import { Instant, limits, Uuid } from './scalars.ts'
import { type Topic, topics } from './topics.ts'

const Rating = v.pipe(v.number(), v.minValue(0), v.maxValue(5))
const Role = v.picklist(['USER', 'ADMIN'])
const Email = v.pipe(v.string(), v.maxLength(limits.email.max))

const Review = { reviewId: Uuid, contentId: Uuid, authorId: Uuid }
const Follow = v.object({ followId: Uuid, followerId: Uuid, followeeId: Uuid })
const Subscription = v.object({ playlistId: Uuid, ownerId: Uuid, subscriberId: Uuid })
const Content = v.object({ contentId: Uuid })
const WatchingSession = v.object({
  watchingSessionId: Uuid,
  contentId: Uuid,
  watcherId: Uuid,
  startedAt: Instant,
  /** Watchers of the content right after this change; absolute, so the latest one per content wins. */
  watcherCount: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** The greater, the later the count. Instances publish on their own, so that the order in Kafka may be another one. */
  revision: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
})

/** Event type -> its payload. The topic follows from the part before the dot. */
export const payloads = {
  'review.created': v.object({ ...Review, rating: Rating }),
  'review.updated': v.object({ ...Review, oldRating: Rating, newRating: Rating }),
  'review.deleted': v.object({ ...Review, rating: Rating }),
  'playlist.created': v.object({ playlistId: Uuid, ownerId: Uuid }),
  'playlist.subscribed': Subscription,
  'playlist.unsubscribed': Subscription,
  'playlist.content-added': v.object({ playlistId: Uuid, ownerId: Uuid, contentId: Uuid }),
  'follow.created': Follow,
  'follow.deleted': Follow,
  'user.registered': v.object({ userId: Uuid }),
  'user.role-changed': v.object({ userId: Uuid, oldRole: Role, newRole: Role }),
  'user.locked': v.object({ userId: Uuid, locked: v.boolean() }),
  'user.password-reset-requested': v.object({ userId: Uuid, email: Email }),
  'content.created': Content,
  'content.updated': Content,
  'content.deleted': Content,
  'direct-message.sent': v.object({
    messageId: Uuid,
    conversationId: Uuid,
    senderId: Uuid,
    receiverId: Uuid,
    content: v.pipe(v.string(), v.maxLength(limits.message.max)),
  }),
  'watching-session.started': WatchingSession,
  'watching-session.ended': WatchingSession,
} as const

export type EventType = keyof typeof payloads
export type Payload<T extends EventType> = v.InferOutput<(typeof payloads)[T]>

const topicOfSubject: Record<string, Topic> = {
  review: topics.review,
  playlist: topics.playlist,
  follow: topics.follow,
  user: topics.user,
  content: topics.content,
  'direct-message': topics.directMessage,
  'watching-session': topics.watchingSession,
}

/** `review.created` -> `review`: what Debezium's outbox router calls the aggregate type. */
export function subjectOf(type: EventType): string {
  return type.slice(0, type.indexOf('.'))
}

export function topicOf(type: EventType): Topic {
  const topic = topicOfSubject[subjectOf(type)]
  if (topic === undefined) throw new Error(`no topic for ${type}`)
  return topic
}

/** The envelope around every payload. `key` is the record's key, `requestId` the request that caused it. */
export const Envelope = v.object({
  eventId: Uuid,
  type: v.string(),
  version: v.pipe(v.number(), v.integer(), v.minValue(1)),
  occurredAt: Instant,
  key: v.string(),
  requestId: v.string(),
  payload: v.unknown(),
})

export type MoplEvent<T extends EventType = EventType> = T extends EventType
  ? Omit<v.InferOutput<typeof Envelope>, 'type' | 'payload'> & { type: T; payload: Payload<T> }
  : never

export type ParsedEvent = { known: true; event: MoplEvent } | { known: false; type: string }

/**
 * Reads a record's value. An unknown type or a newer version is not an error: `known` is false.
 *
 * @throws {SyntaxError} when it is not JSON
 * @throws {v.ValiError} when it is not an envelope, or a known type has another payload than its schema says
 */
export function parseEvent(value: string): ParsedEvent {
  const envelope = v.parse(Envelope, JSON.parse(value))
  const { type } = envelope
  if (!isEventType(type) || envelope.version !== 1) return { known: false, type }
  const payload = v.parse(payloads[type], envelope.payload)
  return { known: true, event: { ...envelope, type, payload } as MoplEvent }
}

export function isEventType(type: string): type is EventType {
  return Object.hasOwn(payloads, type)
}
