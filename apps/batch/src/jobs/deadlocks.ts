/**
 * Chunks lock many rows, and the worker locks the same ones in an order of its own. When each waits for the other
 * PostgreSQL ends one of them, which only has to begin again. It counts them in `pg_stat_database`.
 */
import { sqlState } from '@mopl/infrastructure/postgres'

const attemptsAtMost = 5

/**
 * `work` is one transaction. It is tried again at once: whoever won holds what it waits for.
 *
 * @throws the last deadlock when they do not end, and any other error
 */
export async function retryDeadlocks<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      if (sqlState(error) !== '40P01' || attempt === attemptsAtMost) throw error
    }
  }
}
