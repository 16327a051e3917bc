/** Test equipment: what every table and every event stream must hold once all events have had their effect, exactly once. */
import { expect } from 'bun:test'
import { consumers } from '@mopl/contracts/consumers'
import type { MoplEvent, Payload } from '@mopl/contracts/events'
import type { StreamEvent } from '@mopl/contracts/realtime'
import { redisKeys, streamLength } from '@mopl/contracts/redis-keys'
import type { Db } from '@mopl/infrastructure/postgres'
import { contents, directMessages, notifications, processedEvents, watchingSessions } from '@mopl/infrastructure/tables'
import { eq } from 'drizzle-orm'
import type { Redis } from 'ioredis'

export type Review = Payload<'review.created'>
type Session = Payload<'watching-session.started'> & { endedAt: string | null }

export class Model {
  readonly #ratings = new Map<string, { sum: number; count: number }>()
  readonly #watchers = new Map<string, number>()
  readonly #processed = new Map<string, Set<string>>([
    [consumers.ratings, new Set()],
    ['mopl-password-resets', new Set()],
  ])
  readonly #notified = new Set<string>()
  readonly #sessions = new Map<string, Session>()
  readonly #messages = new Map<string, Payload<'direct-message.sent'>>()
  readonly #streams = new Map<string, number>()

  /** The event tells these users something. */
  notified({ eventId }: MoplEvent, receivers: readonly string[]): void {
    for (const receiver of receivers) {
      this.#notified.add(`${eventId} ${receiver}`)
      this.#streamed(receiver)
    }
  }

  rated({ eventId }: MoplEvent, contentId: string, rating: number, reviews: number): void {
    const { sum, count } = this.#ratings.get(contentId) ?? { sum: 0, count: 0 }
    this.#ratings.set(contentId, { sum: sum + rating, count: count + reviews })
    this.#processed.get(consumers.ratings)?.add(eventId)
  }

  passwordReset({ eventId }: MoplEvent): void {
    this.#processed.get('mopl-password-resets')?.add(eventId)
  }

  watched(session: Session): void {
    this.#sessions.set(session.watchingSessionId, session)
    this.#watchers.set(session.contentId, session.watcherCount)
  }

  sent(message: Payload<'direct-message.sent'>): void {
    this.#messages.set(message.messageId, message)
    this.#streamed(message.receiverId)
  }

  get ratingEvents(): number {
    return this.#processed.get(consumers.ratings)?.size ?? 0
  }

  #streamed(userId: string): void {
    this.#streams.set(userId, (this.#streams.get(userId) ?? 0) + 1)
  }

  /** @throws what differs, if anything does */
  async compare(db: Db, redis: Redis): Promise<void> {
    const rows = await db.select().from(contents)
    const isKnown = new Set([...this.#ratings.keys(), ...this.#watchers.keys()])
    for (const { id, ratingSum, reviewCount, watcherCount } of rows.filter((row) => isKnown.has(row.id)))
      expect({ id, sum: ratingSum, count: reviewCount, watcherCount }).toEqual({
        id,
        ...(this.#ratings.get(id) ?? { sum: 0, count: 0 }),
        watcherCount: this.#watchers.get(id) ?? 0,
      })

    for (const [consumer, expected] of this.#processed) {
      const events = await db.select().from(processedEvents).where(eq(processedEvents.consumer, consumer))
      expectSame(new Set(events.map(({ eventId }) => eventId)), expected)
    }

    const told = await db.select().from(notifications)
    expectSame(new Set(told.map(({ eventId, receiverId }) => `${eventId} ${receiverId}`)), this.#notified)

    const sessions = await db.select().from(watchingSessions)
    expectSame(
      new Set(
        sessions.map((row) => [row.id, row.contentId, row.watcherId, iso(row.createdAt), iso(row.endedAt)].join()),
      ),
      new Set(
        [...this.#sessions.values()].map((session) =>
          [session.watchingSessionId, session.contentId, session.watcherId, session.startedAt, session.endedAt].join(),
        ),
      ),
    )

    const messages = await db.select().from(directMessages)
    expectSame(
      new Set(messages.map((row) => [row.id, row.conversationId, row.senderId, row.receiverId, row.content].join())),
      new Set(
        [...this.#messages.values()].map((message) =>
          [message.messageId, message.conversationId, message.senderId, message.receiverId, message.content].join(),
        ),
      ),
    )

    for (const [userId, length] of this.#streams) {
      const ids = await idsInStream(redis, userId)
      const shown = new Set(ids)
      expect({ userId, twice: ids.length - shown.size }).toEqual({ userId, twice: 0 })
      // A stream keeps the last ones only.
      if (length > streamLength.events) {
        expect(ids.length).toBeGreaterThanOrEqual(streamLength.events)
        continue
      }
      expect({ userId, length: ids.length }).toEqual({ userId, length })
      const stored = new Set(told.filter(({ receiverId }) => receiverId === userId).map(({ id }) => id))
      expectSame(new Set(ids.filter((id) => !this.#messages.has(id))), stored)
    }
  }
}

/** Without the entry that made the stream exist. */
async function idsInStream(redis: Redis, userId: string): Promise<string[]> {
  const entries = await redis.xrange(redisKeys.eventStream(userId), '-', '+')
  return entries
    .filter(([, fields]) => fields[1] !== 'connected')
    .map(([, fields]) => (JSON.parse(fields[3] ?? '') as StreamEvent['data']).id)
}

function iso(time: Date | null): string | undefined {
  return time?.toISOString()
}

function expectSame(actual: ReadonlySet<string>, expected: ReadonlySet<string>): void {
  const missing = [...expected].filter((item) => !actual.has(item))
  const surplus = [...actual].filter((item) => !expected.has(item))
  expect({ missing, surplus }).toEqual({ missing: [], surplus: [] })
}
