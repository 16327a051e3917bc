/** A dead letter as the operator sees it. */
import { topics } from '@mopl/contracts/topics'
import type { ConsumedMessage } from '@mopl/infrastructure/kafka-messages'
import { deadLetterHeaders } from '../dlq.ts'

export type DeadLetter = {
  /** `<dead letter topic>/<partition>/<offset>` */
  id: string
  /** Where it came from, and goes back to. */
  topic: string
  /** The consumer group that could not handle it. */
  group: string
  error: string
  attempts: number
  diedAt: Date
  eventId: string
  type: string
  message: ConsumedMessage
}

const suffix = '.dlq'

/** `mopl.review.v1.mopl-ratings.dlq` -> its topic and its group; `undefined` when it is no dead letter topic of ours. */
export function sourceOf(deadLetterTopic: string): { topic: string; group: string } | undefined {
  const topic = Object.values(topics).find((name) => deadLetterTopic.startsWith(`${name}.`))
  if (topic === undefined || !deadLetterTopic.endsWith(suffix)) return undefined
  return { topic, group: deadLetterTopic.slice(topic.length + 1, -suffix.length) }
}

export function toDeadLetter(message: ConsumedMessage): DeadLetter {
  const { headers } = message
  const { topic = '', group = '' } = sourceOf(message.topic) ?? {}
  return {
    id: `${message.topic}/${message.partition}/${message.offset}`,
    topic,
    group,
    error: headers[deadLetterHeaders.error] ?? '',
    attempts: Number(headers[deadLetterHeaders.attempts] ?? 0),
    diedAt: new Date(headers[deadLetterHeaders.at] ?? 0),
    eventId: headers['eventId'] ?? '',
    type: headers['type'] ?? '',
    message,
  }
}
