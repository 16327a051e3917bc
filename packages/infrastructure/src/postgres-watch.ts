/**
 * Notices a PostgreSQL that is there and does not answer: frozen, or behind a network that swallows everything. A statement
 * alone cannot tell that from a slow one and would wait for its whole deadline; so whoever has waited for a second makes
 * us ask for a new connection, and when nobody answers that either, all connections are cut: what waits fails at once as
 * unavailable, and what comes after fails on connecting.
 */
import { setImmediate as turn } from 'node:timers/promises'
import pg from 'pg'
import type { Log } from './log.ts'
import { OpenSockets } from './open-sockets.ts'
import type { Postgres } from './postgres.ts'

type Options = { url: string; log: Log; patienceMs?: number; answerWithinMs?: number }

const lookEveryMs = 250
const goodbyeMs = 250

export function watchPostgres(
  { pool, abandon }: Pick<Postgres, 'pool' | 'abandon'>,
  { url, log, patienceMs = 1_000, answerWithinMs = 750 }: Options,
): { close(): Promise<void> } {
  // In the order in which they were taken: the first waits longest.
  const takenAt = new Map<pg.PoolClient, number>()
  pool.on('acquire', (client) => takenAt.set(client, performance.now()))
  pool.on('release', (_error, client) => takenAt.delete(client))
  let looking = Promise.resolve()
  let nextLookAt = 0

  async function look(): Promise<void> {
    const [longest] = takenAt
    const now = performance.now()
    if (longest === undefined || now - longest[1] < patienceMs || now < nextLookAt) return
    // One at a time.
    nextLookAt = Infinity
    const answers = await isAnswering(url, answerWithinMs)
    // Whoever was late may have been we: an answer that has come meanwhile is heard first.
    await turn()
    nextLookAt = performance.now() + patienceMs
    if (answers || takenAt.get(longest[0]) !== longest[1]) return
    log.warn({ waiting: takenAt.size }, 'postgres does not answer, its connections are cut')
    abandon()
  }

  const timer = setInterval(() => {
    looking = look()
  }, lookEveryMs).unref()
  return {
    close: async () => {
      clearInterval(timer)
      await looking
    },
  }
}

/** A refusal is an answer too. */
async function isAnswering(url: string, withinMs: number): Promise<boolean> {
  const sockets = new OpenSockets()
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: withinMs,
    stream: sockets.create,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return true
  } catch (error) {
    return error instanceof pg.DatabaseError
  } finally {
    await sockets.closeAfter(client.end(), goodbyeMs)
  }
}
