/**
 * A member of a Kafka consumer group that hands over batches: whatever has arrived, as soon as anything has.
 *
 * Offsets are committed after the handler, so that a message is handled at least once. A handler that takes long (a
 * dependency is down) costs nothing but time: the partitions are paused meanwhile, the membership stays.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { LibrdKafkaError, Message, TopicPartition } from '@confluentinc/kafka-javascript'
import { asError, connectKafka, type KafkaOptions } from './kafka-client.ts'
import { type ConsumedMessage, nameOf, offsetsAfter, toConsumed } from './kafka-messages.ts'
import { createNativeConsumer, disconnect, type NativeConsumer, type PartitionLag, pull } from './kafka-native.ts'
import { untilTopicsExist } from './kafka-topics.ts'
import type { Log } from './log.ts'
import { aborted, settlesWithin } from './within.ts'

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

/** How long the batch in hand may take when the group wants partitions back or the process ends. */
const patienceMs = 5_000
/** After this time the partitions are paused, so that polling goes on without taking more. */
const holdAfterMs = 1_000
/** Longest time between two polls: rebalances are served by polling. */
const idleMs = 250

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

class GroupMember {
  isConnected = false
  lag: readonly PartitionLag[] = []
  readonly #options: ConsumerOptions
  readonly #closing = new AbortController()
  readonly #owned = new Set<string>()
  #inHand: Promise<void> = Promise.resolve()
  /** Settles when every rebalance that was told so far is answered. */
  #answers: Promise<unknown> = Promise.resolve()
  #leaving: 'not' | 'yes' | 'answered' = 'not'
  #attempt = new AbortController()
  #paused = false
  #arrived = false
  #wake: () => void = () => undefined

  constructor(options: ConsumerOptions) {
    this.#options = options
  }

  async close(running: Promise<void>): Promise<void> {
    this.#closing.abort()
    this.#wake()
    await settlesWithin(this.#inHand, patienceMs)
    this.#attempt.abort()
    await running
  }

  async run(): Promise<void> {
    const client = await this.#connect()
    if (client === undefined) return
    while (!this.#closing.signal.aborted) {
      const batch = await this.#pull(client)
      if (batch.length > 0) await this.#handleAndStay(client, batch)
      else await this.#untilMessages()
    }
    await this.#leave(client)
  }

  /**
   * Disconnects. That goes on in a thread beside this one, which deletes the client as soon as the group wants nothing of it
   * any more. So whatever the last pull came across is told (in this turn of the event loop) and answered before.
   */
  async #leave(client: NativeConsumer): Promise<void> {
    await nextTurn()
    await this.#answers
    this.#leaving = 'yes'
    await disconnect(client)
  }

  async #connect(): Promise<NativeConsumer | undefined> {
    const { brokers, topicPrefix, groupPrefix, group, fetchWaitMs, log } = this.#options
    const topics = this.#options.topics.map((topic) => topicPrefix + topic)
    const create = () =>
      createNativeConsumer({
        brokers,
        group: groupPrefix + group,
        fetchWaitMs,
        log,
        onRebalance: (client, assigned, partitions) => {
          this.#answers = Promise.all([this.#answers, this.#answer(client, assigned, partitions)])
        },
        onMessages: () => {
          this.#arrived = true
          this.#wake()
        },
        onLag: (lag) => {
          this.lag = lag.map((entry) => ({ ...entry, topic: entry.topic.slice(topicPrefix.length) }))
        },
      })
    try {
      const prepare = (client: NativeConsumer) => untilTopicsExist(client, topics)
      const client = await connectKafka({ brokers, log, signal: this.#closing.signal, create, prepare })
      client.subscribe(topics)
      this.isConnected = true
      return client
    } catch (error) {
      if (this.#closing.signal.aborted) return undefined
      throw error
    }
  }

  async #pull(client: NativeConsumer): Promise<Message[]> {
    this.#arrived = false
    try {
      return await pull(client, this.#options.maxBatch ?? 500)
    } catch (err) {
      this.#options.log.warn({ err, group: this.#options.group }, 'kafka consumer error')
      return []
    }
  }

  async #untilMessages(): Promise<void> {
    if (this.#arrived) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, idleMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async #handleAndStay(client: NativeConsumer, batch: readonly Message[]): Promise<void> {
    const meanwhile: Message[] = []
    this.#inHand = this.#handle(client, batch)
    while (!(await settlesWithin(this.#inHand, holdAfterMs))) {
      this.#paused = true
      client.pause(client.assignments())
      meanwhile.push(...(await this.#pull(client)))
    }
    if (this.#paused) client.resume(client.assignments())
    this.#paused = false
    if (meanwhile.length > 0) await this.#handleAndStay(client, meanwhile)
  }

  /** Hands the batch over until it is done, or nothing of it is ours any more. */
  async #handle(client: NativeConsumer, batch: readonly Message[]): Promise<void> {
    const { group, handle, log, topicPrefix } = this.#options
    for (let rest = this.#ours(batch); rest.length > 0 && !this.#closing.signal.aborted; rest = this.#ours(rest)) {
      const { signal } = (this.#attempt = new AbortController())
      try {
        await handle(
          rest.map((message) => toConsumed(message, topicPrefix)),
          signal,
        )
        client.commit(offsetsAfter(this.#ours(rest)))
        return
      } catch (err) {
        if (signal.aborted || this.#closing.signal.aborted) continue
        log.error({ err, group, messages: rest.length }, 'batch failed, it will be handled again')
        await settlesWithin(aborted(signal), 1_000)
      }
    }
  }

  #ours(messages: readonly Message[]): readonly Message[] {
    return messages.filter((message) => this.#owned.has(nameOf(message)))
  }

  async #answer(client: NativeConsumer, assigned: boolean, partitions: TopicPartition[]): Promise<void> {
    try {
      if (this.#leaving !== 'not') this.#answerLeaving(client)
      else if (assigned) this.#assign(client, partitions)
      else await this.#giveBack(client, partitions)
    } catch (error) {
      // The addon throws objects that are no errors.
      const err = asError(error as LibrdKafkaError)
      this.#options.log.warn({ err, group: this.#options.group }, 'rebalance was not answered')
    }
  }

  /**
   * Rebalances that the disconnecting tells. librdkafka takes any answer to the first of them for the giving back of
   * everything, and without one it waits for ever; after the answer the client is gone, and a second one would reach
   * into freed memory. So even an assignment is answered with giving back: the addon refuses to assign by now.
   */
  #answerLeaving(client: NativeConsumer): void {
    if (this.#leaving === 'answered') return
    this.#leaving = 'answered'
    client.incrementalUnassign([])
  }

  #assign(client: NativeConsumer, partitions: TopicPartition[]): void {
    for (const partition of partitions) this.#owned.add(nameOf(partition))
    client.incrementalAssign(partitions)
    if (this.#paused) client.pause(partitions)
  }

  /** Lets the batch in hand finish, unless the partitions are lost already and with them the right to commit. */
  async #giveBack(client: NativeConsumer, partitions: TopicPartition[]): Promise<void> {
    if (!client.assignmentLost()) await settlesWithin(this.#inHand, patienceMs)
    // Another revocation may have named some of them meanwhile; librdkafka refuses all when one is not held any more.
    const held = partitions.filter((partition) => this.#owned.delete(nameOf(partition)))
    this.#attempt.abort()
    client.incrementalUnassign(held)
  }
}
