/** What producer and consumer share: where Kafka is, how a client gets connected, and which topics must exist. */
import { connect as connectTcp } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { partitionsPerTopic } from '@mopl/contracts/topics'
import kafka, { type KafkaConsumer, type LibrdKafkaError, type Producer } from '@confluentinc/kafka-javascript'
import type * as v from 'valibot'
import type { KafkaEnv } from './config.ts'
import type { Log } from './log.ts'

export type KafkaOptions = { brokers: string; topicPrefix: string; groupPrefix: string; fetchWaitMs: number }

export function kafkaOptions(env: v.InferOutput<typeof KafkaEnv>): KafkaOptions {
  return {
    brokers: env.KAFKA_BROKERS,
    topicPrefix: env.KAFKA_TOPIC_PREFIX,
    groupPrefix: env.KAFKA_GROUP_PREFIX,
    fetchWaitMs: env.KAFKA_FETCH_WAIT_MS,
  }
}

type Connecting<C> = { brokers: string; topics: readonly string[]; log: Log; signal: AbortSignal; create: () => C }

/**
 * A connected client, however long Kafka stays away, with its `topics` in place. Rejects only when `signal` aborts.
 *
 * A client waits for Kafka in one of libuv's four threads, and a few that wait at once would stop name resolution for
 * the whole process. So a plain TCP connection finds out first, and a fresh client is made only when somebody listens.
 */
export async function connectKafka<C extends Producer | KafkaConsumer>(options: Connecting<C>): Promise<C> {
  const { brokers, topics, log, signal, create } = options
  for (let attempt = 0; ; attempt++) {
    try {
      await Promise.any(brokers.split(',').map((address) => reach(address.trim())))
      const client = await connectOnce(create())
      try {
        await ensureTopics(client, topics)
        signal.throwIfAborted()
        return client
      } catch (error) {
        client.disconnect()
        throw error
      }
    } catch (err) {
      signal.throwIfAborted()
      if (attempt % 30 === 0) log.warn({ err, attempt }, 'kafka is not reachable')
      await delay(Math.min(100 * 2 ** attempt, 1_000), undefined, { signal })
    }
  }
}

function reach(address: string): Promise<void> {
  const { hostname, port } = new URL(`kafka://${address}`)
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host: hostname, port: Number(port), timeout: 1_000 })
    socket.once('connect', () => resolve(void socket.destroy()))
    socket.once('timeout', () => socket.destroy(new Error(`${address} does not answer`)))
    socket.once('error', reject)
  })
}

function connectOnce<C extends Producer | KafkaConsumer>(client: C): Promise<C> {
  return new Promise((resolve, reject) => {
    client.connect({ timeout: 2_000, allTopics: false }, (error: LibrdKafkaError | null | undefined) =>
      error ? reject(asError(error)) : resolve(client),
    )
  })
}

/**
 * Creates the topics that are missing. librdkafka's mock cluster has no controller that would do it, so one topic goes
 * ahead to find out; there a topic appears when somebody asks about it.
 */
async function ensureTopics(client: Producer | KafkaConsumer, names: readonly string[]): Promise<void> {
  const present = new Set(await listTopics(client))
  const [scout, ...others] = names.filter((name) => !present.has(name))
  if (scout === undefined) return
  const admin = kafka.AdminClient.createFrom(client)
  const created = (await createTopic(admin, scout)) || (await listTopics(client)).includes(scout)
  if (created) await Promise.all(others.map((name) => createTopic(admin, name)))
  else await Promise.all([scout, ...others].map((name) => untilTopicAppears(client, name)))
}

async function untilTopicAppears(client: Producer | KafkaConsumer, topic: string): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!(await listTopics(client, topic)).includes(topic)) {
    if (Date.now() > deadline) throw new Error(`topic ${topic} did not appear`)
    await delay(50)
  }
}

type Admin = ReturnType<typeof kafka.AdminClient.createFrom>

const { ERR_TOPIC_ALREADY_EXISTS, ERR__TIMED_OUT } = kafka.CODES.ERRORS

/** False when nobody answered in time. */
function createTopic(admin: Admin, topic: string): Promise<boolean> {
  const wanted = { topic, num_partitions: partitionsPerTopic, replication_factor: -1 }
  return new Promise((resolve, reject) => {
    admin.createTopic(wanted, 1_000, (error?: LibrdKafkaError) => {
      if (error === undefined || error.code === ERR_TOPIC_ALREADY_EXISTS) resolve(true)
      else if (error.code === ERR__TIMED_OUT) resolve(false)
      else reject(asError(error))
    })
  })
}

function listTopics(client: Producer | KafkaConsumer, topic?: string): Promise<string[]> {
  const question = topic === undefined ? { allTopics: true } : { allTopics: false, topic }
  return new Promise((resolve, reject) => {
    client.getMetadata({ ...question, timeout: 2_000 }, (error: LibrdKafkaError | null, metadata) =>
      error
        ? reject(asError(error))
        : resolve(metadata.topics.filter(({ partitions }) => partitions.length > 0).map(({ name }) => name)),
    )
  })
}

/** librdkafka's errors carry a code and a text; this is an `Error` with both. */
export function asError(error: LibrdKafkaError): Error {
  return new Error(`kafka: ${error.message} (${error.code})`, { cause: error })
}

/** A lost connection is told once a second while it lasts; what matters of it is that no broker is left. */
export function logKafkaError(log: Log, error: LibrdKafkaError): void {
  const matters = error.isFatal === true || error.code === kafka.CODES.ERRORS.ERR__ALL_BROKERS_DOWN
  log[matters ? 'warn' : 'debug']({ err: asError(error) }, 'kafka client error')
}
