/** What a handler is, and what it is given. */
import type { EventType, MoplEvent } from '@mopl/contracts/events'
import type { Db } from '@mopl/infrastructure/postgres'
import type { RedisClient } from '@mopl/infrastructure/redis'
import type { Mail } from '../mail.ts'

export type Deps = { db: Db; redis: RedisClient; mail: Mail }

/**
 * Gives a batch of events its effect. `consumer` is its Kafka consumer group: handlers that share one wait for each other.
 *
 * Every event comes at least once, and a batch that failed comes again as a whole: `apply` is exactly-once by
 * `processed_events`, or idempotent by nature. Events of one key come in order. What takes long throws once `signal`
 * aborts: the partitions are taken away, or the process ends.
 */
export type Handler<T extends EventType> = {
  consumer: string
  apply: (deps: Deps, events: readonly MoplEvent<T>[], signal: AbortSignal) => Promise<void>
}
