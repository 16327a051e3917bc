/**
 * Redrive and discard. Each letter is settled by a note behind it, written after the deed: whoever is killed between
 * the two has lost nothing, and the next redrive repeats at most the one letter that was in hand.
 */
import type { KafkaRecord, Producer } from '@mopl/infrastructure/kafka'
import { wait } from '../backoff.ts'
import { noteAbout, ownHeaders } from '../dlq.ts'
import type { DeadLetter } from './letter.ts'

export type Settling = {
  producer: Producer
  /** Called after every letter, or every few of them, with how many are settled. */
  onProgress: (settled: number) => void
  /** Ends it after the letter in hand. */
  signal: AbortSignal
}

/** Puts the letters back into their topics one after the other, at most `ratePerSecond`. Returns how many. */
export async function redrive(
  letters: readonly DeadLetter[],
  ratePerSecond: number,
  { producer, onProgress, signal }: Settling,
): Promise<number> {
  let settled = 0
  let dueAt = performance.now()
  for (const letter of letters) {
    await wait(Math.max(0, dueAt - performance.now()), signal)
    if (signal.aborted) break
    // Time lost is not made up for: what follows a standstill must not come as a burst.
    dueAt = Math.max(dueAt, performance.now()) + 1_000 / ratePerSecond
    await producer.send(original(letter))
    await producer.send(noteAbout(letter.message, 'redriven'))
    settled += 1
    onProgress(settled)
  }
  return settled
}

const notesPerBatch = 500

/** Returns how many. */
export async function discard(
  letters: readonly DeadLetter[],
  { producer, onProgress, signal }: Settling,
): Promise<number> {
  let settled = 0
  while (settled < letters.length && !signal.aborted) {
    const some = letters.slice(settled, settled + notesPerBatch)
    await producer.sendAll(some.map(({ message }) => noteAbout(message, 'discarded')))
    settled += some.length
    onProgress(settled)
  }
  return settled
}

/** As it was before it died: its exception headers belong to the letter. */
function original({ topic, message }: DeadLetter): KafkaRecord {
  return { topic, key: message.key, value: message.value, headers: ownHeaders(message) }
}
