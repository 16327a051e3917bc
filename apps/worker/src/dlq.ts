/** Dead letters: `<topic>.<group>.dlq` keeps the message as it came, and headers say where it came from and why it is here. */
import { deadLetterTopic } from '@mopl/contracts/topics'
import type { Producer } from '@mopl/infrastructure/kafka'
import type { ConsumedMessage } from '@mopl/infrastructure/kafka-messages'

/** Header names. A message that dies again after a redrive gets new ones, never both. */
const prefix = 'dlq-'
const longestError = 1_000

export type Failure = { group: string; error: unknown; attempts: number }

/** Resolves when Kafka has it. Rejects otherwise, and then the original's offset must not move. */
export async function deadLetter(producer: Producer, message: ConsumedMessage, failure: Failure): Promise<void> {
  const { topic, partition, offset, key, value } = message
  const own = Object.entries(message.headers).filter(([name]) => !name.startsWith(prefix))
  await producer.send({
    topic: deadLetterTopic(topic, failure.group),
    key,
    value,
    headers: {
      ...Object.fromEntries(own),
      [`${prefix}topic`]: topic,
      [`${prefix}partition`]: String(partition),
      [`${prefix}offset`]: String(offset),
      [`${prefix}group`]: failure.group,
      [`${prefix}error`]: describe(failure.error).slice(0, longestError),
      [`${prefix}attempts`]: String(failure.attempts),
      [`${prefix}at`]: new Date().toISOString(),
    },
  })
}

/** drizzle's message repeats the statement and its parameters; the cause says what went wrong. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? describe(error.cause) : `${error.name}: ${error.message}`
}
