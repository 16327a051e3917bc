/** Work that is heavy: only so much of it at once, and no endless queue for it. */
import { AppError } from '@mopl/contracts/errors'

/**
 * Runs at most `running` jobs at once, and refuses when `waiting` more are waiting already.
 *
 * @throws {AppError} TOO_MANY_REQUESTS
 */
export function createBound(running: number, waiting: number): <T>(job: () => Promise<T>) => Promise<T> {
  let free = running
  const queue: (() => void)[] = []
  return async (job) => {
    if (free > 0) free -= 1
    else if (queue.length < waiting) await new Promise<void>((resolve) => queue.push(resolve))
    else throw new AppError('TOO_MANY_REQUESTS', {}, 1)
    try {
      return await job()
    } finally {
      // A slot goes to the next in the queue directly, so that a newcomer cannot overtake it.
      const next = queue.shift()
      if (next === undefined) free += 1
      else next()
    }
  }
}
