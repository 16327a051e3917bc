/** What the socket sends to clients, and what processes tell it through Redis. */
import * as v from 'valibot'
import { Count, Instant, Uuid } from './scalars.ts'

export const UserSummary = v.object({ userId: Uuid, name: v.string(), profileImageUrl: v.optional(v.string()) })
export type UserSummary = v.InferOutput<typeof UserSummary>

export const ContentType = v.picklist(['movie', 'tvSeries', 'sport'])
export type ContentType = v.InferOutput<typeof ContentType>

export const ContentSummary = v.object({
  id: Uuid,
  type: ContentType,
  title: v.string(),
  description: v.string(),
  thumbnailUrl: v.optional(v.string()),
  tags: v.array(v.string()),
  averageRating: v.number(),
  reviewCount: Count,
})
export type ContentSummary = v.InferOutput<typeof ContentSummary>

export const WatchingSessionDto = v.object({
  id: Uuid,
  createdAt: Instant,
  watcher: UserSummary,
  content: ContentSummary,
})
export type WatchingSessionDto = v.InferOutput<typeof WatchingSessionDto>

export const DirectMessageDto = v.object({
  id: Uuid,
  conversationId: Uuid,
  createdAt: Instant,
  sender: UserSummary,
  receiver: UserSummary,
  content: v.string(),
})
export type DirectMessageDto = v.InferOutput<typeof DirectMessageDto>

export const NotificationDto = v.object({
  id: Uuid,
  createdAt: Instant,
  receiverId: Uuid,
  title: v.string(),
  content: v.string(),
  level: v.picklist(['INFO', 'WARNING', 'ERROR']),
})
export type NotificationDto = v.InferOutput<typeof NotificationDto>

/**
 * Payload of `/sub/contents/{contentId}/watch`. `omitted`: how many changes of a crowded room were not told one by one
 * before this one; the count has them in.
 */
export type WatchMessage = {
  type: 'JOIN' | 'LEAVE'
  watchingSession: WatchingSessionDto
  watcherCount: number
  omitted?: number
}

/** Payload of `/sub/contents/{contentId}/chat`. */
export type ChatMessage = { sender: UserSummary; content: string }

/** Payload of `/sub/conversations/{conversationId}/typing`. */
export type TypingMessage = { userId: string; isTyping: boolean }

/** Payload of `/sub/contents/{contentId}/playback`. Times in milliseconds; `at` is of the server's clock. */
export type PlaybackState = {
  version: number
  /** What brought it about; `none` as long as nothing has happened, `leave` when the host has gone. */
  action: 'none' | 'play' | 'pause' | 'seek' | 'rate' | 'control' | 'host' | 'leave'
  isPlaying: boolean
  positionMs: number
  rate: number
  at: number
  control: 'everyone' | 'host'
  host: string | null
  by: string | null
}

/** A room's member as the room hash keeps it. `createdAt` is the time inside the UUIDv7 `id`. */
export const RoomMember = v.object({ id: Uuid, createdAt: Instant, watcher: UserSummary })
export type RoomMember = v.InferOutput<typeof RoomMember>

/**
 * A change of who is in a room, as published on its channel. `content` is added by each node from its own cache. What
 * goes to clients as it is, chat lines above all, is published there as `<kind> <message id> <payload>` instead, not to be parsed.
 */
export const RoomMessage = v.object({
  kind: v.picklist(['JOIN', 'LEAVE']),
  member: RoomMember,
  watcherCount: v.number(),
  /** A JOIN of a session that Redis had lost, and that clients know. */
  again: v.optional(v.boolean()),
})
export type RoomMessage = v.InferOutput<typeof RoomMessage>

/** Sessions of `userId` other than `keepSessionId` are over. Without it, all are. */
export const SessionRevoked = v.object({ userId: Uuid, keepSessionId: v.optional(Uuid) })
export type SessionRevoked = v.InferOutput<typeof SessionRevoked>

/** An entry of a user's event stream: SSE event name and its data. */
export type StreamEvent =
  | { event: 'notifications'; data: NotificationDto }
  | { event: 'direct-messages'; data: DirectMessageDto }
