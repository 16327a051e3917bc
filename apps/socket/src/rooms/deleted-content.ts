/** The room of a content that is deleted is closed: nobody comes in or says anything any more, and who is there leaves. */
import { AppError } from '@mopl/contracts/errors'
import type { ContentSummary } from '@mopl/contracts/realtime'
import { channels } from '@mopl/contracts/redis-keys'
import type { Redis } from 'ioredis'
import type { Lookup } from '../lookup.ts'
import type { Presence } from '../presence/presence.ts'
import { watchingKey } from './watching.ts'

/**
 * Lets everybody who watches through this process leave, as if they had unsubscribed. Their subscriptions stay, so that
 * they hear of it the way they hear of every leaving.
 */
export function closeRoomsHere(contents: Lookup<ContentSummary>, presence: Presence): (contentId: string) => void {
  return (contentId) => {
    contents.forget(contentId)
    const anybody = watchingKey(contentId, '')
    void presence.expel((key) => key.startsWith(anybody), new AppError('CONTENT_NOT_FOUND'))
  }
}

/** Calls back with the id of each content that is deleted from now on; what is said while the link is down is lost. */
export async function hearOfDeletions(subscriber: Redis, onDeleted: (contentId: string) => void): Promise<void> {
  subscriber.on('message', (channel: string, contentId: string) => {
    if (channel === channels.contentDeleted) onDeleted(contentId)
  })
  await subscriber.subscribe(channels.contentDeleted)
}
