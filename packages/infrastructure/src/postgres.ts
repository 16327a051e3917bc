/** The connection to PostgreSQL. The driver is a choice of this file alone. */
import { DrizzleQueryError, sql } from 'drizzle-orm'
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import type { Log } from './log.ts'
import { OpenSockets } from './open-sockets.ts'
import { transactOn } from './postgres-transaction.ts'
import * as tables from './tables.ts'

/** A database: opens transactions. */
export type Db = NodePgDatabase<typeof tables>
type Transaction = Parameters<Parameters<Db['transaction']>[0]>[0]
/** A database or a transaction: what only reads, or writes as part of somebody else's transaction, takes this. */
export type Sql = Db | Transaction
/** One connection of the pool, for what needs it to itself. */
export type PostgresClient = pg.PoolClient

export type Postgres = {
  db: Db
  pool: pg.Pool
  ping(): Promise<void>
  /** Cuts every connection: whatever waits for the database fails at once, as if it had gone away. */
  abandon(): void
  /** Waits for what is under way, and at most a second for the database to let go. */
  close(): Promise<void>
}

export type PostgresOptions = { url: string; poolSize: number; application: string; log: Log; queryTimeoutMs?: number }

/** How long a connection may take to end: the other side may be frozen, or gone without a word. */
const goodbyeMs = 1_000

/** Opens a pool; connections are made when first needed, so this never fails. Every wait inside has a deadline. */
export function openPostgres({ url, poolSize, application, log, queryTimeoutMs = 5_000 }: PostgresOptions): Postgres {
  const sockets = new OpenSockets()
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    application_name: `mopl-${application}`,
    connectionTimeoutMillis: 2_000,
    query_timeout: queryTimeoutMs + 500,
    statement_timeout: queryTimeoutMs,
    idle_in_transaction_session_timeout: 10_000,
    keepAlive: true,
    stream: sockets.create,
  })
  // The pool hangs the whole client on the error, its address and user included: only the message is told.
  pool.on('error', ({ message: reason }) => log.warn({ reason }, 'idle postgres connection lost'))
  // A connection that breaks while a transaction holds it and asks nothing tells its own listeners only; without one the
  // process dies. Whoever holds it gets the error from the next query.
  pool.on('connect', (client) =>
    client.on('error', ({ message: reason }) => log.warn({ reason }, 'postgres connection lost')),
  )
  const mapping = { schema: tables, casing: 'snake_case' } as const
  const db: Db = drizzle(pool, mapping)
  const transact = transactOn(pool, (client) => drizzle(client, mapping), isConnectionLost)
  // What runs in a transaction may run twice: nothing is left of the first time.
  db.transaction = (run, config) =>
    transact(run, config).catch((error: unknown) => {
      if (!isPlanVoid(error)) throw error
      return transact(run, config)
    })
  return {
    db,
    pool,
    ping: async () => void (await db.execute(sql`select 1`)),
    abandon: () => sockets.cut(),
    close: () => sockets.closeAfter(pool.end(), goodbyeMs),
  }
}

/** The five-character SQLSTATE behind an error, through drizzle's wrapper; `undefined` when there is none. */
export function sqlState(error: unknown): string | undefined {
  const cause = driverError(error)
  return cause?.code
}

/** The constraint that an insert or update broke, if that is what went wrong. */
export function brokenConstraint(error: unknown): string | undefined {
  return driverError(error)?.constraint
}

function driverError(error: unknown): pg.DatabaseError | undefined {
  const cause = error instanceof DrizzleQueryError ? error.cause : error
  return cause instanceof pg.DatabaseError ? cause : undefined
}

/** True when a migration has changed the type of a column since the connection planned the statement. */
export function isPlanVoid(error: unknown): boolean {
  const cause = driverError(error)
  // The code alone is that of everything that PostgreSQL cannot do, and the message is in the server's language.
  return cause?.code === '0A000' && cause.routine === 'RevalidateCachedQuery'
}

/**
 * True when it is the database that is away, overloaded, restarting or just migrated, or the wait for it that ran out,
 * rather than the statement that is wrong: trying again later makes sense.
 */
export function isPostgresUnavailable(error: unknown): boolean {
  if (isPlanVoid(error)) return true
  const state = sqlState(error)
  return state === undefined ? isConnectionLost(error) : /^(08|53|57|40|55P03)/.test(state)
}

/** True when no answer came: the database said nothing, or the connection broke. */
function isConnectionLost(error: unknown): boolean {
  const cause = error instanceof DrizzleQueryError ? error.cause : error
  return cause instanceof Error && connectionFailures.some((pattern) => pattern.test(cause.message))
}

const connectionFailures = [
  /ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN/,
  /Connection terminated/,
  /timeout exceeded when trying to connect/,
  /Query read timeout/,
  /Client has encountered a connection error/,
]
