/** `/sub/contents/{id}/watch`, `/sub/contents/{id}/chat`, `/pub/contents/{id}/chat`. */
import { AppError } from '@mopl/contracts/errors'
import type { ContentSummary } from '@mopl/contracts/realtime'
import { type Destinations, destinationOf } from '../destinations.ts'
import type { FanOut } from '../fan-out.ts'
import type { Lookup } from '../lookup.ts'
import { readContent } from '../message-body.ts'
import type { Presence } from '../presence/presence.ts'
import type { SocketMetrics } from '../metrics.ts'
import type { Allowances } from '../trust/allowances.ts'
import { overLimit } from '../trust/limits.ts'
import { readFrom, readMissedLines } from './missed-lines.ts'
import type { Rooms } from './rooms.ts'
import { watchingKey, watchingPlace, type WatchingPlaceDeps } from './watching.ts'

/** A reloaded page is back within this; until then nobody is told that its user left. */
export const graceMs = 2_000

export type RoomDestinationsDeps = WatchingPlaceDeps & {
  rooms: Rooms
  presence: Presence
  fanOut: FanOut
  contents: Lookup<ContentSummary>
  /** What one user may tell whole rooms. */
  allowances: Allowances
  metrics: SocketMetrics
}

export function roomDestinations(deps: RoomDestinationsDeps): {
  subscribe: Pick<Destinations['subscribe'], 'contents/watch' | 'contents/chat'>
  send: Pick<Destinations['send'], 'contents/chat'>
} {
  const { redis, rooms, presence, fanOut, contents, allowances, metrics } = deps

  return {
    subscribe: {
      // Listening first, joining second: the joiner's own JOIN comes the same way as everybody else's.
      async 'contents/watch'(contentId, subscription, subscriber, visitor) {
        const room = await rooms.enter(contentId, subscription, visitor.claims)
        if (room === undefined) return
        subscription.defer(fanOut.subscribe(destinationOf('contents/watch', contentId), subscriber))
        const { user, requestId } = visitor
        const place = watchingPlace(deps, contentId, user, requestId)
        const hold = presence.hold(watchingKey(contentId, user.userId), place)
        subscription.defer((ending) => hold.release(ending === 'lost' ? graceMs : 0))
        await hold.entered
      },
      async 'contents/chat'(contentId, subscription, subscriber, visitor, headers) {
        const destination = destinationOf('contents/chat', contentId)
        const lastMessageId = headers.get('last-message-id')
        const from = lastMessageId === undefined ? undefined : readFrom(contentId, lastMessageId)
        const room = await rooms.enter(contentId, subscription, visitor.claims)
        if (room === undefined) return
        const listen = () => subscription.defer(fanOut.subscribe(destination, subscriber))
        if (from === undefined) return listen()
        const { gaps } = room
        await readMissedLines(redis, room, from, (lines) => {
          if (subscription.ended) return
          if (room.gaps !== gaps) throw new AppError('UNAVAILABLE', {}, 1)
          fanOut.send(destination, subscriber, lines)
          listen()
        })
      },
    },
    send: {
      async 'contents/chat'(contentId, body, { claims, user }) {
        if (!allowances.take(claims.sub, performance.now())) throw overLimit(metrics, 'room-messages-per-second')
        const content = readContent(body)
        await contents.get(contentId, claims)
        await rooms.say(contentId, { sender: user, content })
      },
    },
  }
}
