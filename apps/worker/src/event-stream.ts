/**
 * Pushes to users' event streams, which the socket serves as SSE. The stream exists while its user is or was just
 * connected, so that everybody else costs nothing.
 */
import type { StreamEvent } from '@mopl/contracts/realtime'
import { channels, redisKeys, streamLength } from '@mopl/contracts/redis-keys'
import { appendEventScript } from '@mopl/infrastructure/append-event'
import type { RedisClient } from '@mopl/infrastructure/redis'

/** `maybePushed`: an earlier try may have got this far, so that the stream is looked through first. */
export type Push = { userId: string; event: StreamEvent; maybePushed: boolean }

/** So many at once that a round trip is worth it, so few that each answer comes within the client's deadline. */
const pushesPerPipeline = 200

export async function pushAll(redis: RedisClient, pushes: readonly Push[]): Promise<void> {
  for (let start = 0; start < pushes.length; start += pushesPerPipeline)
    await pushSome(redis, pushes.slice(start, start + pushesPerPipeline))
}

async function pushSome(redis: RedisClient, pushes: readonly Push[]): Promise<void> {
  const pipeline = redis.pipeline()
  for (const { userId, event, maybePushed } of pushes)
    pipeline.eval(
      appendEventScript,
      1,
      redisKeys.eventStream(userId),
      channels.eventStream(userId),
      event.event,
      JSON.stringify(event.data),
      streamLength.events,
      maybePushed ? '1' : '0',
    )
  await settled(pipeline.exec())
}

const questionsPerPipeline = 1_000

/** Those whose stream exists, out of many of whom few are there: asking is cheaper than pushing in vain. */
export async function connectedAmong(redis: RedisClient, userIds: ReadonlySet<string>): Promise<Set<string>> {
  const all = [...userIds]
  const connected = new Set<string>()
  for (let start = 0; start < all.length; start += questionsPerPipeline) {
    const some = all.slice(start, start + questionsPerPipeline)
    const pipeline = redis.pipeline()
    for (const userId of some) pipeline.exists(redisKeys.eventStream(userId))
    const answers = await settled(pipeline.exec())
    for (const [index, userId] of some.entries()) if (answers[index] === 1) connected.add(userId)
  }
  return connected
}

/** A pipeline answers each command with an error or a result; here one error fails them all. */
export async function settled(answers: Promise<[Error | null, unknown][] | null>): Promise<unknown[]> {
  return ((await answers) ?? []).map(([error, result]) => {
    if (error !== null) throw error
    return result
  })
}
