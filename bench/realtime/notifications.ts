/** Appends to users' event streams as the worker does, without what the worker does before. */
import { setTimeout as delay } from 'node:timers/promises'
import type { NotificationDto } from '@mopl/contracts/realtime'
import { channels, redisKeys, streamLength } from '@mopl/contracts/redis-keys'
import { appendEventScript } from '@mopl/infrastructure/append-event'
import { newId } from '@mopl/infrastructure/ids'
import { type ChainableCommander, Redis } from 'ioredis'
import { nowMicros } from './load/clock.ts'
import { stamped } from './load/stamps.ts'
import { userIdOf } from './load/viewers.ts'
import { lineLength } from './measure.ts'

export type Notifying = { receivers: number; seconds: number; startMicros: number }

/** Each second is cut into so many turns, so that the events are spread over it as they would be. */
const turnsPerSecond = 50
const turnMicros = 1_000_000 / turnsPerSecond

/** One notification a second to each of the first `receivers` viewers; resolves when Redis has the last one. */
export async function notify(redisUrl: string, { receivers, seconds, startMicros }: Notifying): Promise<void> {
  const redis = new Redis(redisUrl)
  const perTurn = Math.ceil(receivers / turnsPerSecond)
  try {
    for (let turn = 0; turn < seconds * turnsPerSecond; turn++) {
      const dueMicros = startMicros + turn * turnMicros
      await delay(Math.max(0, Math.ceil((dueMicros - nowMicros()) / 1_000)))
      const first = (turn % turnsPerSecond) * perTurn
      const pipeline = redis.pipeline()
      for (let viewer = first; viewer < Math.min(first + perTurn, receivers); viewer++)
        push(pipeline, viewer, dueMicros)
      await pipeline.exec()
    }
  } finally {
    redis.disconnect()
  }
}

function push(pipeline: ChainableCommander, viewer: number, dueMicros: number): void {
  const receiverId = userIdOf(viewer)
  const createdAt = new Date(dueMicros / 1_000).toISOString()
  const content = stamped(dueMicros, lineLength)
  const notification: NotificationDto = { id: newId(), createdAt, receiverId, title: '알림', content, level: 'INFO' }
  const [key, channel] = [redisKeys.eventStream(receiverId), channels.eventStream(receiverId)]
  pipeline.eval(
    appendEventScript,
    1,
    key,
    channel,
    'notifications',
    JSON.stringify(notification),
    streamLength.events,
    '0',
  )
}
