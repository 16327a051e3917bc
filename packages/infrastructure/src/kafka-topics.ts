/**
 * Which topics there are. Producers create those that are missing and consumers wait for them: several clients of a process
 * that did so at once would only be in each other's way, and each attempt holds one of libuv's four threads.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { partitionsOf } from '@mopl/contracts/topics'
import kafka, { type KafkaConsumer, type LibrdKafkaError, type Producer } from '@confluentinc/kafka-javascript'
import { asError } from './kafka-client.ts'

const patienceMs = 10_000
/** Between two looks, at first and at most: several consumers look at the same time. */
const lookAfterMs = { first: 50, most: 800 } as const

/**
 * Creates the topics that are missing. librdkafka's mock cluster has no controller that would do it, so one topic goes
 * ahead to find out; there a topic appears when a producer asks about it.
 *
 * @throws {Error} when one of them is not there after 10 s
 */
export async function ensureTopics(client: Producer, names: readonly string[]): Promise<void> {
  const [scout, ...others] = missingOf(names, await listTopics(client))
  if (scout === undefined) return
  const admin = kafka.AdminClient.createFrom(client)
  if (await createTopic(admin, scout)) await Promise.all(others.map((name) => createTopic(admin, name)))
  else await Promise.all([scout, ...others].map((name) => listTopics(client, name)))
  await untilTopicsExist(client, names)
}

/** @throws {Error} when one of them is not there after 10 s */
export async function untilTopicsExist(client: Producer | KafkaConsumer, names: readonly string[]): Promise<void> {
  const deadline = Date.now() + patienceMs
  for (let pauseMs: number = lookAfterMs.first; ; pauseMs = Math.min(pauseMs * 2, lookAfterMs.most)) {
    const missing = missingOf(names, await listTopics(client))
    if (missing.length === 0) return
    if (Date.now() > deadline) throw new Error(`no such topics: ${missing.join(', ')}`)
    await delay(pauseMs)
  }
}

function missingOf(names: readonly string[], present: readonly string[]): string[] {
  const known = new Set(present)
  return names.filter((name) => !known.has(name))
}

type Admin = ReturnType<typeof kafka.AdminClient.createFrom>

const { ERR_TOPIC_ALREADY_EXISTS, ERR__TIMED_OUT } = kafka.CODES.ERRORS

/** False when nobody answered in time. */
function createTopic(admin: Admin, topic: string): Promise<boolean> {
  const wanted = { topic, num_partitions: partitionsOf(topic), replication_factor: -1 }
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
