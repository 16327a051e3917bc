/**
 * Dead letters: `<topic>.<group>.dlq` keeps the message as it came, and headers say where it came from and why it is here.
 * Behind the letters stand notes that say what an operator made of them (`bun run worker:dlq`), so that each of these
 * topics tells its whole story by itself.
 */
import { deadLetterTopic } from '@mopl/contracts/topics'
import type { KafkaRecord, Producer } from '@mopl/infrastructure/kafka'
import type { ConsumedMessage } from '@mopl/infrastructure/kafka-messages'

/** Header names. A message that dies again after a redrive gets new ones, never both. */
const prefix = 'dlq-'
export const deadLetterHeaders = {
  topic: `${prefix}topic`,
  partition: `${prefix}partition`,
  offset: `${prefix}offset`,
  group: `${prefix}group`,
  error: `${prefix}error`,
  attempts: `${prefix}attempts`,
  at: `${prefix}at`,
  /** Only on a note: `partition/offset` of the letter of this topic that it is about, and what was done with it. */
  settles: `${prefix}settles`,
  outcome: `${prefix}outcome`,
} as const

const longestError = 1_000

export type Failure = { group: string; error: unknown; attempts: number }
export type Outcome = 'redriven' | 'discarded'

/** Resolves when Kafka has it. Rejects otherwise, and then the original's offset must not move. */
export async function deadLetter(producer: Producer, message: ConsumedMessage, failure: Failure): Promise<void> {
  const { topic, partition, offset, key, value } = message
  await producer.send({
    topic: deadLetterTopic(topic, failure.group),
    key,
    value,
    headers: {
      ...ownHeaders(message),
      [deadLetterHeaders.topic]: topic,
      [deadLetterHeaders.partition]: String(partition),
      [deadLetterHeaders.offset]: String(offset),
      [deadLetterHeaders.group]: failure.group,
      [deadLetterHeaders.error]: describe(failure.error).slice(0, longestError),
      [deadLetterHeaders.attempts]: String(failure.attempts),
      [deadLetterHeaders.at]: new Date().toISOString(),
    },
  })
}

/** The note about a letter. It has the letter's key, so that it stands behind it in the same partition. */
export function noteAbout(letter: ConsumedMessage, outcome: Outcome): KafkaRecord {
  return {
    topic: letter.topic,
    key: letter.key,
    value: '',
    headers: {
      [deadLetterHeaders.settles]: `${letter.partition}/${letter.offset}`,
      [deadLetterHeaders.outcome]: outcome,
      [deadLetterHeaders.at]: new Date().toISOString(),
    },
  }
}

/** What the message had before it died. */
export function ownHeaders({ headers }: ConsumedMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(prefix)))
}

/** drizzle's message repeats the statement and its parameters; the cause says what went wrong. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? describe(error.cause) : `${error.name}: ${error.message}`
}
