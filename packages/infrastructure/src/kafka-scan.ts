/** Reads whole topics, outside any consumer group and without a trace: for operators' tools. */
import kafka, { type LibrdKafkaError, type TopicPartition } from '@confluentinc/kafka-javascript'
import { asError, connectKafka, type KafkaOptions } from './kafka-client.ts'
import { type ConsumedMessage, nameOf, toConsumed } from './kafka-messages.ts'
import { disconnect, type NativeConsumer, pull } from './kafka-native.ts'
import type { Log } from './log.ts'

export type ScanOptions = KafkaOptions & {
  /** Asked for every topic of the cluster that has the prefix, by its name without it. */
  isWanted: (topic: string) => boolean
  /** Ends it after the batch in hand. */
  signal?: AbortSignal
  log: Log
}

/** Without an answer for so long, Kafka counts as away. */
const patienceMs = 10_000
const messagesPerBatch = 500
/** librdkafka's `RD_KAFKA_OFFSET_BEGINNING`, which the package's types lack. */
const beginning = -2

/**
 * Everything in the wanted topics, in order per partition, up to where each partition ends when the scan gets there.
 *
 * @throws {Error} when Kafka does not answer for 10 s, or when `signal` aborts before it does
 */
export async function* scanTopics(options: ScanOptions): AsyncGenerator<ConsumedMessage[], void> {
  const { brokers, topicPrefix, isWanted, log, signal: ending } = options
  const client = await connectScanner(brokers, log, ending)
  try {
    const partitions = (await listPartitions(client)).filter(
      ({ topic }) => topic.startsWith(topicPrefix) && isWanted(topic.slice(topicPrefix.length)),
    )
    const unfinished = new Set(partitions.map(nameOf))
    let progressAt = Date.now()
    client.on('partition.eof', (end) => {
      unfinished.delete(nameOf(end))
      progressAt = Date.now()
    })
    client.assign(partitions.map(({ topic, partition }) => ({ topic, partition, offset: beginning })))
    while (unfinished.size > 0) {
      if (ending?.aborted === true) return
      const batch = await pull(client, messagesPerBatch)
      if (batch.length > 0) progressAt = Date.now()
      else if (Date.now() - progressAt > patienceMs) throw new Error('kafka stopped answering')
      yield batch.map((message) => toConsumed(message, topicPrefix))
    }
  } finally {
    await disconnect(client)
  }
}

/** Node 20 may collect a timeout that only `AbortSignal.any` knows of: a timer of our own stays. */
async function connectScanner(brokers: string, log: Log, ending: AbortSignal | undefined): Promise<NativeConsumer> {
  const giveUp = new AbortController()
  const abort = () => giveUp.abort()
  const timer = setTimeout(abort, patienceMs)
  ending?.addEventListener('abort', abort)
  try {
    const { signal } = giveUp
    return await connectKafka({ brokers, log, signal, create: () => createScanner(brokers) })
  } catch (cause) {
    throw new Error('kafka is not reachable', { cause })
  } finally {
    clearTimeout(timer)
    ending?.removeEventListener('abort', abort)
  }
}

function createScanner(brokers: string): NativeConsumer {
  const settings = {
    'bootstrap.servers': brokers,
    // Required, and never joined: partitions are assigned by hand and nothing is committed.
    'group.id': 'mopl-scan',
    'enable.auto.commit': false,
    'enable.auto.offset.store': false,
    'enable.partition.eof': true,
    'fetch.wait.max.ms': 10,
  }
  const client = new kafka.KafkaConsumer(settings, { 'auto.offset.reset': 'earliest' }) as NativeConsumer
  client.setDefaultConsumeTimeout(100)
  client.setDefaultIsTimeoutOnlyForFirstMessage(true)
  return client
}

function listPartitions(client: NativeConsumer): Promise<TopicPartition[]> {
  return new Promise((resolve, reject) => {
    client.getMetadata({ allTopics: true, timeout: patienceMs }, (error: LibrdKafkaError | null, metadata) =>
      error
        ? reject(asError(error))
        : resolve(
            metadata.topics.flatMap(({ name, partitions }) =>
              partitions.map(({ id }) => ({ topic: name, partition: id })),
            ),
          ),
    )
  })
}
