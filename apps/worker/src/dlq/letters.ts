/** The dead letters that wait for a decision. */
import type { KafkaOptions } from '@mopl/infrastructure/kafka'
import { scanTopics } from '@mopl/infrastructure/kafka-scan'
import type { Log } from '@mopl/infrastructure/log'
import { deadLetterHeaders } from '../dlq.ts'
import { type DeadLetter, sourceOf, toDeadLetter } from './letter.ts'

/**
 * The letters that nobody has redriven or discarded yet and that are wanted, oldest first: so the letters of one key
 * come in their order. Holds the wanted ones in memory.
 */
export async function readDeadLetters(
  kafka: KafkaOptions,
  log: Log,
  isWanted: (letter: DeadLetter) => boolean,
): Promise<DeadLetter[]> {
  const letters = new Map<string, DeadLetter>()
  const settled = new Set<string>()
  for await (const batch of scanTopics({ ...kafka, log, isWanted: (topic) => sourceOf(topic) !== undefined }))
    for (const message of batch) {
      const settles = message.headers[deadLetterHeaders.settles]
      if (settles === undefined) {
        const letter = toDeadLetter(message)
        if (isWanted(letter)) letters.set(letter.id, letter)
      } else settled.add(`${message.topic}/${settles}`)
    }
  for (const id of settled) letters.delete(id)
  return [...letters.values()].toSorted((a, b) => a.diedAt.getTime() - b.diedAt.getTime())
}

export type Undecided = { topic: string; group: string; count: number }

/**
 * How many such letters each dead letter topic has, the empty ones included, and those of `names` that do not exist yet.
 * A note stands behind its letter.
 */
export async function countUndecided(
  names: readonly string[],
  kafka: KafkaOptions,
  log: Log,
  signal: AbortSignal,
): Promise<Undecided[]> {
  const waiting = new Map(names.map((name) => [name, new Set<string>()]))
  const isWanted = (topic: string) => {
    if (sourceOf(topic) === undefined) return false
    waiting.set(topic, new Set())
    return true
  }
  for await (const batch of scanTopics({ ...kafka, log, isWanted, signal }))
    for (const { topic, partition, offset, headers } of batch) {
      const settles = headers[deadLetterHeaders.settles]
      if (settles === undefined) waiting.get(topic)?.add(`${partition}/${offset}`)
      else waiting.get(topic)?.delete(settles)
    }
  return [...waiting].flatMap(([name, { size: count }]) => {
    const source = sourceOf(name)
    return source === undefined ? [] : [{ ...source, count }]
  })
}
