/** A deleted content is forgotten by the caches, and its room is closed: see R14 in the socket's PROTOCOL.md. */
import { closeRooms } from '@mopl/infrastructure/close-rooms'
import { contentCache } from './content-cache.ts'
import type { Handler } from './handler.ts'

export const deletedContent: Handler<'content.deleted'> = {
  consumer: contentCache.consumer,

  /** Idempotent by nature. In this order: an instance that hears of the closing and asks again finds nothing. */
  async apply(deps, events, signal) {
    await contentCache.apply(deps, events, signal)
    await closeRooms(
      deps.redis,
      events.map(({ payload }) => payload.contentId),
    )
  },
}
