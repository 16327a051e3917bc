/** What producer and consumer share: where Kafka is, and how a client gets connected. */
import { connect as connectTcp } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
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

type Connecting<C> = {
  brokers: string
  log: Log
  signal: AbortSignal
  create: () => C
  /** What a fresh client does before it is of use. When it fails, another client is made and tries again. */
  prepare?: (client: C) => Promise<void>
}

/**
 * A connected client, however long Kafka stays away. Rejects only when `signal` aborts.
 *
 * A client waits for Kafka in one of libuv's four threads, and a few that wait at once would stop name resolution for
 * the whole process. So a plain TCP connection finds out first, and a fresh client is made only when somebody listens.
 */
export async function connectKafka<C extends Producer | KafkaConsumer>(options: Connecting<C>): Promise<C> {
  const { brokers, log, signal, create, prepare } = options
  for (let attempt = 0; ; attempt++) {
    try {
      await Promise.any(brokers.split(',').map((address) => reach(address.trim())))
      const client = await connectOnce(create())
      try {
        await prepare?.(client)
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

/** librdkafka's errors carry a code and a text; this is an `Error` with both. */
export function asError(error: LibrdKafkaError): Error {
  return new Error(`kafka: ${error.message} (${error.code})`, { cause: error })
}

/** A lost connection is told once a second while it lasts; what matters of it is that no broker is left. */
export function logKafkaError(log: Log, error: LibrdKafkaError): void {
  const matters = error.isFatal === true || error.code === kafka.CODES.ERRORS.ERR__ALL_BROKERS_DOWN
  log[matters ? 'warn' : 'debug']({ err: asError(error) }, 'kafka client error')
}
