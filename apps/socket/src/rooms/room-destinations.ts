/** `/sub/contents/{id}/watch`, `/sub/contents/{id}/chat`, `/pub/contents/{id}/chat`. */
import type { ContentSummary } from '@mopl/contracts/realtime'
import { type Destinations, destinationOf, type Subscribe } from '../destinations.ts'
import type { FanOut } from '../fan-out.ts'
import type { Lookup } from '../lookup.ts'
import { readContent } from '../message-body.ts'
import type { Presence } from '../presence/presence.ts'
import type { Rooms } from './rooms.ts'
import { type WatchingDeps, watchingKey, watchingPlace } from './watching.ts'

/** A reloaded page is back within this; until then nobody is told that its user left. */
export const graceMs = 2_000

export type RoomDestinationsDeps = WatchingDeps & {
  rooms: Rooms
  presence: Presence
  fanOut: FanOut
  contents: Lookup<ContentSummary>
}

export function roomDestinations(deps: RoomDestinationsDeps): {
  subscribe: Pick<Destinations['subscribe'], 'contents/watch' | 'contents/chat'>
  send: Pick<Destinations['send'], 'contents/chat'>
} {
  const { rooms, presence, fanOut, contents } = deps

  const listen =
    (kind: 'contents/watch' | 'contents/chat'): Subscribe =>
    async (contentId, subscription, subscriber, { claims }) => {
      const room = await rooms.open(contentId, claims)
      subscription.defer(room.close)
      await room.ready
      if (!subscription.ended) subscription.defer(fanOut.subscribe(destinationOf(kind, contentId), subscriber))
    }

  return {
    subscribe: {
      // Listening first, joining second: the joiner's own JOIN comes the same way as everybody else's.
      async 'contents/watch'(contentId, subscription, subscriber, visitor) {
        await listen('contents/watch')(contentId, subscription, subscriber, visitor)
        if (subscription.ended) return
        const { user, requestId } = visitor
        const place = watchingPlace(deps, contentId, user, requestId)
        const hold = presence.hold(watchingKey(contentId, user.userId), place)
        subscription.defer((ending) => hold.release(ending === 'lost' ? graceMs : 0))
        await hold.entered
      },
      'contents/chat': listen('contents/chat'),
    },
    send: {
      async 'contents/chat'(contentId, body, { claims, user }) {
        const content = readContent(body)
        await contents.get(contentId, claims)
        await rooms.say(contentId, { sender: user, content })
      },
    },
  }
}
