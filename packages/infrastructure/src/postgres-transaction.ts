/**
 * Transactions on a pool. drizzle's own keep a connection for ever when `begin` fails on it, so that a pool is empty
 * after an outage; and when a statement misses its deadline they wait as long again for a `rollback`, and tell of that.
 */
import type pg from 'pg'
import type { Db } from './postgres.ts'

type Transact = Db['transaction']

/** `over` is drizzle over one connection; `isLost` tells the errors after which a connection is of no use. */
export function transactOn(
  pool: pg.Pool,
  over: (client: pg.PoolClient) => Db,
  isLost: (error: unknown) => boolean,
): Transact {
  const sessions = new WeakMap<pg.PoolClient, Db>()

  function sessionOf(client: pg.PoolClient): Db {
    const session = sessions.get(client) ?? over(client)
    sessions.set(client, session)
    return session
  }

  return async (run, config) => {
    const client = await pool.connect()
    let failure: unknown
    let isReleased = false
    /** A connection that is lost is closed, which fails whatever still waits on it. */
    const release = (error?: unknown) => {
      if (!isReleased) client.release(isLost(error))
      isReleased = true
    }
    try {
      return await sessionOf(client).transaction(async (tx) => {
        try {
          return await run(tx)
        } catch (error) {
          failure = error
          if (isLost(error)) release(error)
          throw error
        }
      }, config)
    } catch (error) {
      if (isLost(error)) release(error)
      throw failure ?? error
    } finally {
      release()
    }
  }
}
