/** What a member of a group does all day: pull, hand over, commit, and answer when the group gives or takes partitions. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { LibrdKafkaError, TopicPartition } from '@confluentinc/kafka-javascript'
import { asError, connectKafka } from './kafka-client.ts'
import type { ConsumerOptions } from './kafka-consumer.ts'
import { Holdings, type Pulled } from './kafka-holdings.ts'
import { offsetsAfter, toConsumed } from './kafka-messages.ts'
import { createNativeConsumer, disconnect, type NativeConsumer, type PartitionLag, pull } from './kafka-native.ts'
import { untilTopicsExist } from './kafka-topics.ts'
import { aborted, settlesWithin } from './within.ts'

/** How long the batch in hand may take when the group wants partitions back or the process ends. */
const patienceMs = 5_000
/** After this time the partitions are paused, so that polling goes on without taking more. */
const holdAfterMs = 1_000
/** Longest time between two polls: rebalances are served by polling. */
const idleMs = 250

export class GroupMember {
  isConnected = false
  lag: readonly PartitionLag[] = []
  readonly #options: ConsumerOptions
  readonly #closing = new AbortController()
  readonly #holdings = new Holdings()
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

  async #pull(client: NativeConsumer): Promise<Pulled[]> {
    this.#arrived = false
    try {
      return this.#holdings.stamp(await pull(client, this.#options.maxBatch ?? 500))
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

  async #handleAndStay(client: NativeConsumer, batch: readonly Pulled[]): Promise<void> {
    const meanwhile: Pulled[] = []
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
  async #handle(client: NativeConsumer, batch: readonly Pulled[]): Promise<void> {
    const { group, handle, log, topicPrefix } = this.#options
    const ours = (pulled: readonly Pulled[]) => this.#holdings.ours(pulled)
    for (let rest = ours(batch); rest.length > 0 && !this.#closing.signal.aborted; rest = ours(rest)) {
      const { signal } = (this.#attempt = new AbortController())
      try {
        await handle(
          rest.map(({ message }) => toConsumed(message, topicPrefix)),
          signal,
        )
        client.commit(offsetsAfter(ours(rest).map(({ message }) => message)))
        return
      } catch (err) {
        if (signal.aborted || this.#closing.signal.aborted) continue
        log.error({ err, group, messages: rest.length }, 'batch failed, it will be handled again')
        await settlesWithin(aborted(signal), 1_000)
      }
    }
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
    this.#holdings.add(partitions)
    client.incrementalAssign(partitions)
    if (this.#paused) client.pause(partitions)
  }

  /** Lets the batch in hand finish, unless the partitions are lost already and with them the right to commit. */
  async #giveBack(client: NativeConsumer, partitions: TopicPartition[]): Promise<void> {
    if (!client.assignmentLost()) await settlesWithin(this.#inHand, patienceMs)
    // Another revocation may have named some of them meanwhile; librdkafka refuses all when one is not held any more.
    const held = this.#holdings.remove(partitions)
    this.#attempt.abort()
    client.incrementalUnassign(held)
  }
}
