/** Messages and partitions as a consumer sees them. */
import type { Message, MessageHeader, TopicPartition, TopicPartitionOffset } from '@confluentinc/kafka-javascript'

export type ConsumedMessage = {
  topic: string
  partition: number
  offset: number
  key: string
  value: Buffer
  headers: Record<string, string>
}

/** `topicPrefix` is taken off: applications do not know it. */
export function toConsumed(message: Message, topicPrefix: string): ConsumedMessage {
  const { topic, partition, offset, key, value, headers = [] } = message
  return {
    topic: topic.slice(topicPrefix.length),
    partition,
    offset,
    key: String(key ?? ''),
    value: value ?? Buffer.alloc(0),
    headers: readHeaders(headers),
  }
}

/** A loop, because it is run for each message by each group that reads its topic. */
function readHeaders(fields: readonly MessageHeader[]): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const field of fields) for (const name of Object.keys(field)) headers[name] = String(field[name])
  return headers
}

export function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}

/** What to commit once these messages are handled: per partition the offset of the next one. */
export function offsetsAfter(messages: readonly Message[]): TopicPartitionOffset[] {
  const next = new Map<string, TopicPartitionOffset>()
  for (const { topic, partition, offset } of messages)
    next.set(nameOf({ topic, partition }), { topic, partition, offset: offset + 1 })
  return [...next.values()]
}
