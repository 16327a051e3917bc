/** `/sub/contents/{id}/playback`, `/pub/contents/{id}/playback`, and the clock that goes with them: `/pub/contents/{id}/clock`. */
import { AppError } from '@mopl/contracts/errors'
import { type Destinations, destinationOf } from '../destinations.ts'
import { readBody } from '../message-body.ts'
import { overLimit } from '../trust/limits.ts'
import { commandPlayback, PlaybackCommand, readPlayback } from './playback.ts'
import type { RoomDestinationsDeps } from './room-destinations.ts'

export function playbackDestinations(deps: RoomDestinationsDeps): {
  subscribe: Pick<Destinations['subscribe'], 'contents/playback'>
  send: Pick<Destinations['send'], 'contents/playback' | 'contents/clock'>
} {
  const { redis, rooms, fanOut, allowances, metrics } = deps
  return {
    subscribe: {
      async 'contents/playback'(contentId, subscription, subscriber, visitor) {
        const destination = destinationOf('contents/playback', contentId)
        const room = await rooms.enter(contentId, subscription, visitor.claims)
        if (room === undefined) return
        // Changes first, what they change second: whatever happens in between is seen, and its version tells which is newer.
        subscription.defer(fanOut.subscribe(destination, subscriber))
        const state = await readPlayback(redis, contentId)
        if (!subscription.ended) fanOut.send(destination, subscriber, [state])
      },
    },
    send: {
      async 'contents/playback'(contentId, body, { claims }) {
        if (!allowances.take(claims.sub, performance.now())) throw overLimit(metrics, 'room-messages-per-second')
        const command = readBody(PlaybackCommand, body)
        const { outcome, version } = await commandPlayback(redis, contentId, claims.sub, command)
        metrics.playbackCommands.inc({ outcome })
        return { outcome, version: String(version) }
      },
      // The instances' own clocks differ: the one that counts is asked.
      async 'contents/clock'(_contentId, _body, _visitor, headers) {
        if (!headers.has('receipt')) throw new AppError('INVALID_REQUEST', { receipt: '필수 값입니다.' })
        const [seconds, microseconds] = await redis.time()
        return { 'server-time': String(Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000)) }
      },
    },
  }
}
