/**
 * The drizzle mapping of `schema.sql`: names and types of columns, nothing else. Constraints, indexes and checks
 * stand in `schema.sql` alone; a test holds the columns of the two together.
 */
import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  doublePrecision,
  integer,
  json,
  numeric,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'

const id = () => uuid().primaryKey()
const instant = () => timestamp({ withTimezone: true, precision: 3, mode: 'date' })
const createdAt = () => instant().notNull().defaultNow()

export const users = pgTable('users', {
  id: id(),
  createdAt: createdAt(),
  updatedAt: createdAt(),
  email: text().notNull(),
  name: text().notNull(),
  role: text({ enum: ['USER', 'ADMIN'] })
    .notNull()
    .default('USER'),
  isLocked: boolean().notNull().default(false),
  profileImageKey: text(),
  passwordHash: text(),
  temporaryPasswordHash: text(),
  temporaryPasswordExpiresAt: instant(),
  authProvider: text({ enum: ['local', 'google', 'kakao'] })
    .notNull()
    .default('local'),
  providerUserId: text(),
})

export const contents = pgTable('contents', {
  id: id(),
  createdAt: createdAt(),
  updatedAt: createdAt(),
  type: text({ enum: ['movie', 'tvSeries', 'sport'] }).notNull(),
  title: text().notNull(),
  description: text().notNull(),
  thumbnailKey: text(),
  externalId: text(),
  ratingSum: numeric({ mode: 'number' }).notNull().default(0),
  reviewCount: integer().notNull().default(0),
  averageRating: doublePrecision()
    .notNull()
    .generatedAlwaysAs(sql`rating_sum / review_count`),
  watcherCount: integer().notNull().default(0),
  watcherCountRevision: bigint({ mode: 'number' }).notNull().default(0),
})

export const tags = pgTable('tags', { id: id(), name: text().notNull() })

export const contentTags = pgTable(
  'content_tags',
  { contentId: uuid().notNull(), tagId: uuid().notNull(), position: smallint().notNull() },
  (table) => [primaryKey({ columns: [table.contentId, table.tagId] })],
)

export const playlists = pgTable('playlists', {
  id: id(),
  ownerId: uuid().notNull(),
  createdAt: createdAt(),
  updatedAt: createdAt(),
  title: text().notNull(),
  description: text().notNull(),
  subscriberCount: integer().notNull().default(0),
})

export const playlistContents = pgTable(
  'playlist_contents',
  { playlistId: uuid().notNull(), contentId: uuid().notNull(), createdAt: createdAt() },
  (table) => [primaryKey({ columns: [table.playlistId, table.contentId] })],
)

export const playlistSubscriptions = pgTable(
  'playlist_subscriptions',
  { playlistId: uuid().notNull(), subscriberId: uuid().notNull(), createdAt: createdAt() },
  (table) => [primaryKey({ columns: [table.playlistId, table.subscriberId] })],
)

export const reviews = pgTable('reviews', {
  id: id(),
  contentId: uuid().notNull(),
  authorId: uuid().notNull(),
  createdAt: createdAt(),
  updatedAt: createdAt(),
  text: text().notNull(),
  rating: numeric({ mode: 'number' }).notNull(),
})

export const follows = pgTable('follows', {
  id: id(),
  followerId: uuid().notNull(),
  followeeId: uuid().notNull(),
  createdAt: createdAt(),
})

export const conversations = pgTable('conversations', {
  id: id(),
  createdAt: createdAt(),
  lowerUserId: uuid().notNull(),
  higherUserId: uuid().notNull(),
})

export const conversationParticipants = pgTable(
  'conversation_participants',
  { conversationId: uuid().notNull(), userId: uuid().notNull(), createdAt: instant().notNull() },
  (table) => [primaryKey({ columns: [table.conversationId, table.userId] })],
)

export const directMessages = pgTable('direct_messages', {
  id: id(),
  conversationId: uuid().notNull(),
  senderId: uuid().notNull(),
  receiverId: uuid().notNull(),
  createdAt: createdAt(),
  readAt: instant(),
  content: text().notNull(),
})

export const notifications = pgTable('notifications', {
  id: id(),
  eventId: uuid().notNull(),
  receiverId: uuid().notNull(),
  createdAt: createdAt(),
  readAt: instant(),
  level: text({ enum: ['INFO', 'WARNING', 'ERROR'] })
    .notNull()
    .default('INFO'),
  title: text().notNull(),
  content: text().notNull(),
})

export const watchingSessions = pgTable('watching_sessions', {
  id: id(),
  contentId: uuid().notNull(),
  watcherId: uuid().notNull(),
  createdAt: instant().notNull(),
  endedAt: instant(),
})

export const outboxEvents = pgTable('outbox_events', {
  id: id(),
  aggregatetype: text().notNull(),
  aggregateid: text().notNull(),
  type: text().notNull(),
  payload: json().notNull(),
  createdAt: createdAt(),
  publishedAt: instant(),
  position: bigint({ mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
  lane: smallint()
    .notNull()
    .generatedAlwaysAs(sql`hashtext(aggregateid) & 15`),
})

export const processedEvents = pgTable(
  'processed_events',
  { consumer: text().notNull(), eventId: uuid().notNull(), processedAt: createdAt() },
  (table) => [primaryKey({ columns: [table.consumer, table.eventId] })],
)

export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    caller: text().notNull(),
    operation: text().notNull(),
    key: text().notNull(),
    fingerprint: text().notNull(),
    status: smallint().notNull(),
    contentType: text(),
    body: text().notNull(),
    createdAt: createdAt(),
  },
  (table) => [primaryKey({ columns: [table.caller, table.operation, table.key] })],
)

export const batchRuns = pgTable('batch_runs', {
  id: id(),
  job: text().notNull(),
  startedAt: instant().notNull(),
  endedAt: instant(),
  outcome: text({ enum: ['running', 'succeeded', 'failed', 'interrupted', 'killed'] })
    .notNull()
    .default('running'),
  counts: json().$type<Record<string, number>>().notNull().default({}),
  reason: text(),
})

export const batchCheckpoints = pgTable('batch_checkpoints', {
  job: text().primaryKey(),
  position: text().notNull(),
  updatedAt: createdAt(),
})

export const rowCounts = pgTable(
  'row_counts',
  {
    relation: text().notNull(),
    part: text().notNull(),
    slot: integer().notNull().generatedAlwaysAsIdentity(),
    rows: bigint({ mode: 'number' }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.relation, table.part, table.slot] })],
)
