/** librdkafka's consumer with the settings we want, and with types for what the package's own leave out. */
import kafka, {
  type KafkaConsumer,
  type LibrdKafkaError,
  type Message,
  type TopicPartition,
} from '@confluentinc/kafka-javascript'
import { asError, logKafkaError } from './kafka-client.ts'
import type { Log } from './log.ts'

/** Methods that the package documents in its source and lacks in its types; its KafkaJS layer is built on the same ones. */
export type NativeConsumer = KafkaConsumer & {
  incrementalAssign(partitions: TopicPartition[]): void
  incrementalUnassign(partitions: TopicPartition[]): void
  assignmentLost(): boolean
  setDefaultIsTimeoutOnlyForFirstMessage(isForFirstOnly: boolean): void
}

export type PartitionLag = { topic: string; partition: number; messages: number }

type NativeOptions = {
  brokers: string
  group: string
  fetchWaitMs: number
  log: Log
  /** The group gives or takes partitions: answer with an incremental assign or unassign. */
  onRebalance: (client: NativeConsumer, assigned: boolean, partitions: TopicPartition[]) => void
  /** The local queue was empty and is no longer. */
  onMessages: () => void
  onLag: (lag: PartitionLag[]) => void
}

export function createNativeConsumer(options: NativeOptions): NativeConsumer {
  const { brokers, group, fetchWaitMs, log, onRebalance, onMessages, onLag } = options
  const settings = {
    'bootstrap.servers': brokers,
    'group.id': group,
    'client.id': group,
    'enable.auto.commit': false,
    // A topic made later is found after this time.
    'topic.metadata.refresh.interval.ms': 10_000,
    'enable.auto.offset.store': false,
    'partition.assignment.strategy': 'cooperative-sticky',
    // A killed process's partitions go to the others after this time.
    'session.timeout.ms': 6_000,
    'heartbeat.interval.ms': 2_000,
    'max.poll.interval.ms': 60_000,
    // What librdkafka fetches ahead, per consumer: bounds memory.
    'queued.min.messages': 5_000,
    'queued.max.messages.kbytes': 8_192,
    // A full queue is looked at again after this time; by default a second, in which a fast handler has nothing to do.
    'fetch.queue.backoff.ms': 10,
    'socket.keepalive.enable': true,
    'reconnect.backoff.max.ms': 1_000,
    'fetch.wait.max.ms': fetchWaitMs,
    'statistics.interval.ms': 5_000,
    queue_non_empty_cb: onMessages,
    rebalance_cb: (error: LibrdKafkaError, partitions: TopicPartition[]) =>
      onRebalance(client, error.code === kafka.CODES.ERRORS.ERR__ASSIGN_PARTITIONS, partitions),
    offset_commit_cb: (error: LibrdKafkaError | null) => {
      // The next commit of the partition covers this one.
      if (error) log.warn({ err: asError(error), group }, 'offsets were not committed')
    },
  }
  const client = new kafka.KafkaConsumer(settings, { 'auto.offset.reset': 'earliest' }) as NativeConsumer
  // A batch is what has already arrived: nothing is waited for, `onMessages` tells when to look again.
  client.setDefaultConsumeTimeout(0)
  client.on('event.error', (error) => logKafkaError(log, error))
  client.on('event.stats', ({ message }: { message: string }) => onLag(lagOf(message)))
  return client
}

/** Up to `max` messages that have arrived; none, when there are none. */
export function pull(client: NativeConsumer, max: number): Promise<Message[]> {
  return new Promise((resolve, reject) => {
    client.consume(max, (error: LibrdKafkaError | null, messages) =>
      error ? reject(asError(error)) : resolve(messages),
    )
  })
}

export function disconnect(client: NativeConsumer): Promise<void> {
  return new Promise((resolve) => {
    client.disconnect(() => resolve())
  })
}

type Statistics = {
  topics: Record<string, { topic: string; partitions: Record<string, { partition: number; consumer_lag: number }> }>
}

/** `consumer_lag` is -1 where it is unknown or the partition is not ours. Source: librdkafka, STATISTICS.md. */
function lagOf(statistics: string): PartitionLag[] {
  const { topics } = JSON.parse(statistics) as Statistics
  return Object.values(topics).flatMap(({ topic, partitions }) =>
    Object.values(partitions)
      .filter(({ partition, consumer_lag }) => partition >= 0 && consumer_lag >= 0)
      .map(({ partition, consumer_lag }) => ({ topic, partition, messages: consumer_lag })),
  )
}
