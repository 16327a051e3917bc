/**
 * Statements that are put together once and planned once: drizzle takes longer to build a statement than PostgreSQL to
 * answer a simple one, and PostgreSQL takes about as long to plan it. Why and which: docs/decisions/0009.
 */
import { createHash } from 'node:crypto'
import { DrizzleQueryError, fillPlaceholders, is, type Logger, type Query } from 'drizzle-orm'
import { PgTransaction } from 'drizzle-orm/pg-core'
import { isPlanVoid, type Sql } from './postgres.ts'
import { executePrepared, type PgClient, type PreparedStatement } from './prepared-query.ts'
import { type Joins, type ResultColumn, rowMapper } from './result-rows.ts'

/** Any of drizzle's builders; its values are `sql.placeholder`s. */
type Statement<R> = { toSQL(): Query; prepare(name: string): { execute(values?: Values): Promise<R> } }
type Values = Record<string, unknown>

export type Form<Shape> = {
  /** Equal for two shapes that `build` makes the same statement of. */
  keyOf: (shape: Shape) => string
  /** Whether a plan is good for all values. Where they decide what is the best one, PostgreSQL plans every time. */
  keepsPlan?: (shape: Shape) => boolean
}

/** The rows of a statement that has some. */
type Result<R> = R extends unknown[] ? R : unknown[]
type Built<R> = (sql: Sql, values: Values) => Promise<Result<R>>

/**
 * The function that it returns executes the statement of a shape on a database or in a transaction; `build` is asked once
 * for each shape, and each connection plans it once.
 *
 * Every shape stays in memory, here and in each connection: there must be few of them.
 */
export function prepared<R, Shape = void>(
  build: (sql: Sql, shape: Shape) => Statement<R>,
  { keyOf, keepsPlan = () => true }: Form<Shape> = { keyOf: () => '' },
): (sql: Sql, shape: Shape) => { execute(values?: Values): Promise<Result<R>> } {
  const known = new Map<string, Built<R>>()
  return (sql, shape) => {
    const key = keyOf(shape)
    const built = known.get(key) ?? toBuilt(build(sql, shape), keepsPlan(shape))
    known.set(key, built)
    return { execute: (values = {}) => built(sql, values) }
  }
}

/** Bound to no connection: what drizzle prepares by itself is good for one database or one transaction alone. */
function toBuilt<R>(statement: Statement<R>, keepsPlan: boolean): Built<R> {
  const query = statement.toSQL()
  const name = keepsPlan ? nameOf(query) : unnamed
  const { queryConfig, fields, joinsNotNullableMap } = statement.prepare(unnamed) as unknown as Insides
  const toRows = rowMapper(fields ?? [], joinsNotNullableMap)
  const { types } = queryConfig
  const shape = { text: query.sql, types, columns: new WeakMap() }

  async function execute(sql: Sql, values: Values): Promise<Result<R>> {
    const { client, logger } = sql._.session as unknown as Session
    const planned = { ...shape, name: name && name + generation }
    const parameters = fillPlaceholders(query.params, values)
    logger.logQuery(query.sql, parameters)
    try {
      return toRows(await executePrepared(client, planned, parameters)) as Result<R>
    } catch (error) {
      throw new DrizzleQueryError(query.sql, parameters, error as Error)
    }
  }

  return async (sql, values) => {
    const current = generation
    try {
      return await execute(sql, values)
    } catch (error) {
      if (!isPlanVoid(error)) throw error
      if (generation === current) generation++
      // A transaction is over by that, and run again by whoever has opened it.
      if (is(sql, PgTransaction)) throw error
      return execute(sql, values)
    }
  }
}

/**
 * Part of every name. A migration voids plans on all connections, of which each would find out by a failure of its own; so
 * after the first one everything is planned anew, under new names.
 */
let generation = 0

/** What drizzle keeps to itself of a statement that is prepared. */
type Insides = { queryConfig: Pick<PreparedStatement, 'types'>; fields?: ResultColumn[]; joinsNotNullableMap?: Joins }

/** And of what a database or a transaction works on. */
type Session = { client: PgClient; logger: Logger }

/** Planned for the values of each execution. */
const unnamed = ''

/** The same for the same text only, as `pg` demands it, and shorter than what PostgreSQL cuts names off at. */
function nameOf({ sql }: Query): string {
  return createHash('sha256').update(sql).digest('base64url')
}
