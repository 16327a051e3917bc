/**
 * Statements that are put together once and planned once: drizzle takes longer to build a statement than PostgreSQL to
 * answer a simple one, and PostgreSQL takes about as long to plan it. Why and which: docs/decisions/0009.
 */
import { createHash } from 'node:crypto'
import type { Sql } from './postgres.ts'

/** Any of drizzle's builders; its values are `sql.placeholder`s. */
type Statement<P> = { toSQL(): { sql: string }; prepare(name: string): P }

export type Form<Shape> = {
  /** Equal for two shapes that `build` makes the same statement of. */
  keyOf: (shape: Shape) => string
  /** Whether a plan is good for all values. Where they decide what is the best one, PostgreSQL plans every time. */
  keepsPlan?: (shape: Shape) => boolean
}

/**
 * The function that it returns answers the prepared statement of a database and a shape; `build` is asked once for each.
 * In a transaction, which has a connection of its own, it is built anew, and still planned once per connection.
 *
 * Every shape stays in memory, here and in each connection: there must be few of them.
 */
export function prepared<P, Shape = void>(
  build: (sql: Sql, shape: Shape) => Statement<P>,
  { keyOf, keepsPlan = () => true }: Form<Shape> = { keyOf: () => '' },
): (sql: Sql, shape: Shape) => P {
  const known = new WeakMap<Sql, Map<string, P>>()
  const names = new Map<string, string>()

  function prepare(sql: Sql, shape: Shape, key: string): P {
    const statement = build(sql, shape)
    // Without a name it is planned for the values of each execution.
    const name = names.get(key) ?? (keepsPlan(shape) ? nameOf(statement) : '')
    names.set(key, name)
    return statement.prepare(name)
  }

  return (sql, shape) => {
    const statements = known.get(sql) ?? new Map<string, P>()
    known.set(sql, statements)
    const key = keyOf(shape)
    const statement = statements.get(key) ?? prepare(sql, shape, key)
    statements.set(key, statement)
    return statement
  }
}

/** The same for the same text only, as `pg` demands it, and shorter than what PostgreSQL cuts names off at. */
function nameOf(statement: Statement<unknown>): string {
  return createHash('sha256').update(statement.toSQL().sql).digest('base64url')
}
