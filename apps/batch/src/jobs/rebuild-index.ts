/** One index built anew beside the live one, which answers searches until PostgreSQL switches the two. */
import { setTimeout as delay } from 'node:timers/promises'
import { type PostgresClient, sqlState } from '@mopl/infrastructure/postgres'
import { sql } from 'drizzle-orm'
import type { JobContext } from './job.ts'
import { listLeftovers } from './search-indexes.ts'

/** A build takes minutes; what takes longer than this waits for a transaction that nobody ends. */
const longestBuildMs = 6 * 60 * 60 * 1_000
const pollMs = 200

type RebuildContext = Pick<JobContext, 'db' | 'pool' | 'tally' | 'signal'>

/** @returns false when the signal came first: the live index is as it was. */
export async function rebuildIndex({ db, pool, tally, signal }: RebuildContext, name: string): Promise<boolean> {
  const client = await pool.connect()
  const over = new AbortController()
  try {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    await client.query(`set statement_timeout = ${longestBuildMs}`)
    // Killed, we cannot cancel anything: PostgreSQL looks itself whether anybody still waits for the answer.
    await client.query(`set client_connection_check_interval = '1s'`)
    const watching = watch({ db, tally, signal }, name, rows[0]?.pid ?? 0, over.signal)
    const text = `reindex index concurrently ${client.escapeIdentifier(name)}`
    const building = { text, query_timeout: longestBuildMs + 1_000 }
    await client.query(building).finally(() => over.abort())
    await watching
    return true
  } catch (error) {
    if (!signal.aborted || sqlState(error) !== canceled) throw error
    await tidyUp(db, client)
    return false
  } finally {
    over.abort()
    // Its settings are no other statement's.
    client.release(true)
  }
}

const canceled = '57014'

/** Whoever stops has little time: what cannot be dropped at once is left to the next run. */
async function tidyUp(db: JobContext['db'], client: PostgresClient): Promise<void> {
  await client.query(`set lock_timeout = '2s'`)
  for (const name of await listLeftovers(db))
    await client.query(`drop index concurrently if exists ${client.escapeIdentifier(name)}`).catch((error: unknown) => {
      if (sqlState(error) === undefined) throw error
    })
}

/**
 * Shows how far the backend is, until it is over. Cancels as often as it looks: a request that arrives between two
 * statements is lost. A look that fails is a look less; the statement itself says whether PostgreSQL is there.
 */
async function watch(
  { db, tally, signal }: Omit<RebuildContext, 'pool'>,
  name: string,
  pid: number,
  over: AbortSignal,
): Promise<void> {
  while (!over.aborted) {
    const look = signal.aborted ? db.execute(sql`select pg_cancel_backend(${pid})`) : show({ db, tally }, name, pid)
    await look.catch(() => undefined)
    await delay(pollMs, undefined, { signal: over }).catch(() => undefined)
  }
}

/** @see https://www.postgresql.org/docs/current/progress-reporting.html#CREATE-INDEX-PROGRESS-REPORTING */
async function show({ db, tally }: Pick<RebuildContext, 'db' | 'tally'>, name: string, pid: number): Promise<void> {
  const { rows } = await db.execute<{ phase: string; done: number; total: number }>(sql`
    select phase, case when is_wait then lockers_done else blocks_done end::float8 as done,
      case when is_wait then lockers_total else blocks_total end::float8 as total
    from pg_stat_progress_create_index cross join lateral (select phase like '%waiting%' as is_wait) as kind
    where pid = ${pid}`)
  for (const { phase, done, total } of rows) tally.show(`${name}: ${phase}`, done, total)
}
