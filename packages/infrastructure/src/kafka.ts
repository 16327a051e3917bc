/** The Kafka producer, on librdkafka's own API: idempotent, acknowledged by all replicas, never waiting without an end. */
import { topics as moplTopics } from '@mopl/contracts/topics'
import kafka, { type LibrdKafkaError, type Producer as NativeProducer } from '@confluentinc/kafka-javascript'
import { asError, connectKafka, type KafkaOptions, logKafkaError } from './kafka-client.ts'
import { ensureTopics } from './kafka-topics.ts'
import type { Log } from './log.ts'
import { within } from './within.ts'

export { kafkaOptions, type KafkaOptions } from './kafka-client.ts'

export type KafkaRecord = { topic: string; key: string; value: string | Buffer; headers?: Record<string, string> }

export type Producer = {
  /** Resolves when all in-sync replicas have the record. Rejects after `deliveryTimeoutMs`, or at once when the queue is full. */
  send(record: KafkaRecord): Promise<void>
  /** Resolves when all are acknowledged. Rejects when one failed; the others may have arrived. Records of one key stay in order. */
  sendAll(records: readonly KafkaRecord[]): Promise<void>
  /** Rejects while Kafka does not answer. */
  ping(): Promise<void>
  /** Waits for what is on its way, then lets go. */
  close(): Promise<void>
}

export type ProducerOptions = KafkaOptions & {
  name: string
  log: Log
  /** Topics that are created at opening when the cluster does not have them. Without it, all of Mopl's. */
  topics?: readonly string[]
  deliveryTimeoutMs?: number
}

/**
 * Opens a producer. It never fails and never waits: while Kafka is away `ping` and, after their deadline, sends reject,
 * and it heals by itself.
 */
export function openProducer(options: ProducerOptions): Producer {
  const { brokers, topicPrefix, name, log, topics = Object.values(moplTopics), deliveryTimeoutMs = 10_000 } = options
  const closing = new AbortController()
  let client = connect()

  function connect(): Promise<NativeProducer> {
    const connecting = connectKafka({
      brokers,
      log,
      signal: closing.signal,
      create: () => createClient(brokers, name, deliveryTimeoutMs, log, replace),
      prepare: (producer) =>
        ensureTopics(
          producer,
          topics.map((topic) => topicPrefix + topic),
        ),
    }).then((producer) => {
      // Acknowledgements arrive by themselves, not at the next tick of a polling interval.
      producer.setPollInBackground(true)
      return producer
    })
    // Whoever uses the client sees the failure; here it only means that the process is closing.
    connecting.catch(() => undefined)
    return connecting
  }

  // An idempotent producer that lost its sequence for good takes nothing any more. What it had is rejected by its reports.
  function replace(fatal: NativeProducer): void {
    if (closing.signal.aborted) return
    client = connect()
    fatal.disconnect(1_000)
  }

  async function sendAll(records: readonly KafkaRecord[]): Promise<void> {
    if (records.length === 0) return
    const producer = await within(client, deliveryTimeoutMs, 'kafka is not reachable')
    await new Promise<void>((resolve, reject) => {
      const report = reportOfAll(records.length, resolve, reject)
      for (const { topic, key, value, headers = {} } of records) {
        const fields = Object.entries(headers).map(([field, text]) => ({ [field]: text }))
        try {
          producer.produce(topicPrefix + topic, null, Buffer.from(value), key, null, report, fields)
        } catch (error) {
          report(asError(error as LibrdKafkaError))
        }
      }
    })
  }

  return {
    send: (record) => sendAll([record]),
    sendAll,
    ping: async () => pingKafka(await within(client, 1_500, 'kafka is not reachable')),
    close: async () => {
      closing.abort()
      const producer = await client.catch(() => undefined)
      if (producer !== undefined) await new Promise((resolve) => producer.disconnect(5_000, resolve))
    },
  }
}

type Report = (error: Error | undefined) => void

/** Called once per record: resolves when all of them were reported, rejects then if one failed. */
function reportOfAll(count: number, resolve: () => void, reject: (error: Error) => void): Report {
  let waiting = count
  let failure: Error | undefined
  return (error) => {
    failure ??= error
    waiting -= 1
    if (waiting > 0) return
    if (failure === undefined) resolve()
    else reject(failure)
  }
}

function createClient(
  brokers: string,
  name: string,
  deliveryTimeoutMs: number,
  log: Log,
  onFatal: (client: NativeProducer) => void,
): NativeProducer {
  const client = new kafka.Producer(
    {
      'bootstrap.servers': brokers,
      'client.id': `mopl-${name}`,
      'enable.idempotence': true,
      dr_cb: true,
      'linger.ms': 0,
      'socket.keepalive.enable': true,
      'reconnect.backoff.max.ms': 1_000,
      'queue.buffering.max.messages': 100_000,
      'queue.buffering.max.kbytes': 65_536,
    },
    // What concerns topics is only heard here.
    {
      'message.timeout.ms': deliveryTimeoutMs,
      // The Java client's default, so that every producer puts a key into the same partition.
      partitioner: 'murmur2_random',
    },
  )
  client.on('delivery-report', (error: LibrdKafkaError | null, { opaque }) =>
    (opaque as Report)(error ? asError(error) : undefined),
  )
  client.on('event.error', (error) => {
    logKafkaError(log, error)
    if (error.isFatal === true || error.code === kafka.CODES.ERRORS.ERR__FATAL) onFatal(client)
  })
  return client
}

function pingKafka(producer: NativeProducer): Promise<void> {
  return new Promise((resolve, reject) => {
    producer.getMetadata({ timeout: 1_500, allTopics: false }, (error: LibrdKafkaError | null) =>
      error ? reject(asError(error)) : resolve(),
    )
  })
}
