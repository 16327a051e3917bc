/**
 * The partitions that a member of a group holds, each since it was given. What was pulled before a partition was taken away
 * stays behind when it comes back: others may have gone on from there meanwhile, and what nobody has handled is fetched again.
 */
import type { Message, TopicPartition } from '@confluentinc/kafka-javascript'
import { nameOf } from './kafka-messages.ts'

/** A message, and in which of the times that its partition was held it came. */
export type Pulled = { message: Message; time: number | undefined }

export class Holdings {
  readonly #times = new Map<string, number>()
  #given = 0

  add(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#times.set(nameOf(partition), (this.#given += 1))
  }

  /** Returns those that were held: another revocation may have named some of them before. */
  remove(partitions: readonly TopicPartition[]): TopicPartition[] {
    return partitions.filter((partition) => this.#times.delete(nameOf(partition)))
  }

  /** Messages that have just been pulled. */
  stamp(messages: readonly Message[]): Pulled[] {
    return messages.map((message) => ({ message, time: this.#times.get(nameOf(message)) }))
  }

  /** Those whose partition has been held ever since. */
  ours(pulled: readonly Pulled[]): Pulled[] {
    return pulled.filter(({ message, time }) => time !== undefined && this.#times.get(nameOf(message)) === time)
  }
}
