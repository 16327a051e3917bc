/**
 * A member of a Kafka consumer group that hands over batches: whatever has arrived, as soon as anything has.
 *
 * Offsets are committed after the handler, so that a message is handled at least once. A handler that takes long (a
 * dependency is down) costs nothing but time: the partitions are paused meanwhile, the membership stays.
 */
import { GroupMember } from './kafka-group-member.ts'
import type { KafkaOptions } from './kafka-client.ts'
import type { ConsumedMessage } from './kafka-messages.ts'
import type { PartitionLag } from './kafka-native.ts'
import type { Log } from './log.ts'

export type ConsumerOptions = KafkaOptions & {
  group: string
  /** Waited for while the cluster does not have them: whoever produces to them creates them. */
  topics: readonly string[]
  log: Log
  maxBatch?: number
  /**
   * Takes one batch at a time, in order per partition. It may wait as long as it likes, but should throw once `signal`
   * aborts: partitions are taken away, or the process ends. What is still ours then is handed over again.
   * After any other error the same batch comes again a second later.
   */
  handle: (batch: readonly ConsumedMessage[], signal: AbortSignal) => Promise<void>
}

export type Consumer = {
  /** Rejects while the group could not be joined yet, and when the consumer has stopped for good. */
  ping(): Promise<void>
  /** Messages behind the committed offset, per partition held; at most 5 s old. */
  lag(): readonly PartitionLag[]
  /** Waits for the batch in hand (at most 5 s), commits and leaves the group. Never call it from inside `handle`. */
  close(): Promise<void>
}

/** Joins the group in the background and stays in it. Never fails: while Kafka is away it keeps trying. */
export function openConsumer(options: ConsumerOptions): Consumer {
  const member = new GroupMember(options)
  const running = member.run().catch((err: unknown) => {
    member.isConnected = false
    options.log.error({ err, group: options.group }, 'kafka consumer stopped')
  })
  return {
    ping: async () => {
      if (!member.isConnected) throw new Error(`consumer group ${options.group} is not joined`)
    },
    lag: () => member.lag,
    close: () => member.close(running),
  }
}
