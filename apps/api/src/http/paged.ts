/**
 * A list's statements, prepared: one for each way of asking (sort, direction, which filters, from the start or after a
 * row). The same statement brings the rows of a page and the number of rows in the whole list, both of one moment.
 */
import { prepared } from '@mopl/infrastructure/prepared'
import type { Sql } from '@mopl/infrastructure/postgres'
import { type AnyColumn, type Placeholder, sql } from 'drizzle-orm'
import { assertPosition, type Keyset, keyset, type Sort } from './keyset.ts'
import type { PageRequest } from './page.ts'

type Row = { id: string; cursor: string; totalCount: number }
type Statement<R> = Parameters<typeof prepared<R[]>>[0] extends (...args: never) => infer S ? S : never

/** What is asked for, without the values: they come when the statement is executed, under the names of the query. */
export type Asked<Q> = { [Name in keyof Q]-?: Placeholder | (undefined extends Q[Name] ? undefined : never) }

type List<Q> = {
  sorts: Record<string, Sort>
  id: AnyColumn
  /** Filters whose values decide which plan is best: a word may be in one row or in every second. */
  selective?: readonly (keyof Q)[]
}

/** Builds the statement; `limit` is for `.limit()`. */
type Select<Q, R> = (db: Sql, asked: Asked<Q>, parts: Keyset & { limit: Placeholder }) => Statement<R>

/** At least one row more than the page has, if there is one. @throws {AppError} INVALID_REQUEST for a cursor that is none */
type Read<Q, R> = (db: Sql, query: Q) => Promise<{ rows: R[]; totalCount: number }>

export function paged<Q extends PageRequest>({ sorts, id, selective = [] }: List<Q>) {
  return <R extends Row>(select: Select<Q, R>): Read<Q, R> => {
    const statementOf = prepared<R[], Q>(
      (db, query) => {
        const asked = askedBy(query)
        const { cursor, idAfter } = asked
        const position = cursor && idAfter && { cursor, idAfter }
        const parts = keyset(sortOf(sorts, query), id, query.sortDirection, position)
        return select(db, asked, { ...parts, limit: constant(rowLimit(query)) })
      },
      { keyOf, keepsPlan: (query) => selective.every((name) => query[name] === undefined) },
    )
    const read = (db: Sql, query: Q) => statementOf(db, query).execute(query)

    return async (db, query) => {
      assertPosition(query, sortOf(sorts, query))
      const rows = await read(db, query)
      // Every row tells the count; where none is left, the first one of the list does.
      const isPastTheEnd = rows.length === 0 && query.cursor !== undefined
      const [row] = isPastTheEnd ? await read(db, { ...query, cursor: undefined, idAfter: undefined }) : rows
      return { rows, totalCount: row?.totalCount ?? 0 }
    }
  }
}

function sortOf(sorts: Record<string, Sort>, { sortBy }: PageRequest): Sort {
  const sort = sorts[sortBy]
  if (sort === undefined) throw new Error(`there is no sort ${sortBy}`)
  return sort
}

function askedBy<Q extends PageRequest>(query: Q): Asked<Q> {
  const names = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [name]))
  return Object.fromEntries(names.map((name) => [name, sql.placeholder(name)])) as Asked<Q>
}

function keyOf(query: PageRequest): string {
  let key = `${query.sortBy} ${query.sortDirection} ${rowLimit(query)}`
  for (const [name, value] of Object.entries(query)) if (value !== undefined) key += ` ${name}`
  return key
}

const rowLimits = [11, 21, 51]

/** A few sizes serve all pages: every size of its own would be a statement of its own. */
function rowLimit({ limit }: PageRequest): number {
  return rowLimits.find((rows) => rows > limit) ?? 101
}

/**
 * A number in the text of the statement. As a parameter PostgreSQL would guess that it is a tenth of the table, and never
 * keep a plan. drizzle, whose type this borrows, puts in as it is whatever is not a plain number.
 */
function constant(number: number): Placeholder {
  return sql.raw(String(number)) as unknown as Placeholder
}
