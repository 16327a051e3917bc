/** One run of a job at a time, whichever instance or operator starts it. */
import type { Postgres } from '@mopl/infrastructure/postgres'

/** Any constant: the first half of the advisory lock's key; the second is the job's name. */
const jobLocks = 6_665_424

/**
 * Calls `run` while holding the job's advisory lock; `undefined` without calling it when somebody else holds it.
 * The lock belongs to a connection, so that it ends with its holder however that dies. A holder that loses the
 * connection is told by the signal to stop, because from then on another may start.
 */
export async function withJobLock<T>(
  pool: Postgres['pool'],
  job: string,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const client = await pool.connect()
  const lost = new AbortController()
  const lose = (error: Error) => lost.abort(error)
  client.on('error', lose)
  try {
    const { rows } = await client.query<{ locked: boolean }>(
      'select pg_try_advisory_lock($1, hashtext($2)) as locked',
      [jobLocks, job],
    )
    if (rows[0]?.locked !== true) return undefined
    return await run(AbortSignal.any([signal, lost.signal]))
  } finally {
    client.off('error', lose)
    // Closing the connection frees the lock, also where an unlock statement could no longer be sent.
    client.release(true)
  }
}
