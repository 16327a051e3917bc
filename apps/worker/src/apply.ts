/**
 * What happens when a handler fails. A dependency that is away is waited for, however long it takes. Anything else is
 * tried again as a batch after 200 ms, 1 s and 5 s; then one by one, and what still fails goes to the dead letters.
 */
import type { MoplEvent } from '@mopl/contracts/events'
import type { ConsumedMessage } from '@mopl/infrastructure/kafka-messages'
import { isPostgresUnavailable } from '@mopl/infrastructure/postgres'
import { isRedisUnavailable } from '@mopl/infrastructure/redis'
import { wait } from './backoff.ts'
import { MailUnavailable } from './mail.ts'

export type Item = { message: ConsumedMessage; event: MoplEvent }

export type Attempt = {
  apply: (items: readonly Item[]) => Promise<void>
  deadLetter: (item: Item, error: unknown, attempts: number) => Promise<void>
  onRetry: (error: unknown, attempt: number) => void
  onDependencyAway: (error: unknown) => void
  /** @throws its reason at the next wait: the partitions are taken away, or the process ends */
  signal: AbortSignal
}

const retryDelaysMs = [200, 1_000, 5_000]
const longestWaitMs = 5_000

/** Resolves when each item has had its effect or is in the dead letters. */
export async function applyWithRetries(items: readonly Item[], attempt: Attempt): Promise<void> {
  const error = await tryRepeatedly(items, attempt)
  if (error === undefined) return
  const attempts = retryDelaysMs.length + 1
  const [only, ...others] = items
  if (only === undefined) return
  if (others.length === 0) return attempt.deadLetter(only, error, attempts)
  for (const item of items) {
    const ownError = await tryOnce([item], attempt)
    if (ownError !== undefined) await attempt.deadLetter(item, ownError, attempts + 1)
  }
}

async function tryRepeatedly(items: readonly Item[], attempt: Attempt): Promise<unknown> {
  for (const [index, delayMs] of retryDelaysMs.entries()) {
    const error = await tryOnce(items, attempt)
    if (error === undefined) return undefined
    attempt.onRetry(error, index + 1)
    await wait(delayMs, attempt.signal)
    attempt.signal.throwIfAborted()
  }
  return tryOnce(items, attempt)
}

/** The error of the events themselves; a dependency that is away never gets this far. */
async function tryOnce(items: readonly Item[], attempt: Attempt): Promise<unknown> {
  for (let waits = 0; ; waits++) {
    try {
      await attempt.apply(items)
      return undefined
    } catch (error) {
      attempt.signal.throwIfAborted()
      if (!isDependencyAway(error)) return error ?? new Error('failed without a reason')
      attempt.onDependencyAway(error)
      await wait(Math.min(200 * 2 ** waits, longestWaitMs), attempt.signal)
      attempt.signal.throwIfAborted()
    }
  }
}

function isDependencyAway(error: unknown): boolean {
  return isPostgresUnavailable(error) || isRedisUnavailable(error) || error instanceof MailUnavailable
}
