/**
 * What is cached of a content is forgotten at its event too: of what the batch collects nobody else tells the caches, and
 * the api may have found Redis away.
 */
import { forgetContents } from '@mopl/infrastructure/forget'
import type { Handler } from './handler.ts'

export const contentCache: Handler<'content.created' | 'content.updated' | 'content.deleted'> = {
  consumer: 'mopl-caches',

  /** Idempotent by nature. */
  async apply({ redis }, events) {
    await forgetContents(
      redis,
      events.map(({ payload }) => payload.contentId),
    )
  },
}
