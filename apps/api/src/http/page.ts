/**
 * Keyset pages, for every list that PostgreSQL answers. A page starts after the row (sort value, id) of the one before
 * it, so that inserts in between move nothing, and equal sort values are told apart by the id.
 *
 * A cursor is the sort value as text, exactly as PostgreSQL knows it: a Date or a double would round it, and rounded
 * cursors repeat rows or lose them.
 */
import { AppError } from '@mopl/contracts/errors'
import { Count, Uuid } from '@mopl/contracts/scalars'
import { type AnyColumn, asc, desc, type SQL, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { Storable } from './text.ts'

export type Direction = 'ASCENDING' | 'DESCENDING'
export type PageRequest<K extends string = string> = {
  limit: number
  sortBy: K
  sortDirection: Direction
  cursor?: string | undefined
  idAfter?: string | undefined
}
export type Page<T> = {
  data: T[]
  nextCursor: string | null
  nextIdAfter: string | null
  hasNext: boolean
  totalCount: number
  sortBy: string
  sortDirection: Direction
}

/** What a list can be sorted by: the column, and its PostgreSQL type. */
export type Sort = { column: AnyColumn; type: keyof typeof cursorForms }

/** Times as JSON has them. */
export const instantPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** Per type: what a cursor looks like, and how a value becomes one. */
const cursorForms = {
  timestamptz: {
    pattern: instantPattern,
    print: (value: AnyColumn) => sql<string>`to_char(${value} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`,
  },
  integer: { pattern: /^-?\d{1,10}$/, print: asText },
  numeric: { pattern: /^-?\d{1,30}(\.\d{1,400})?$/, print: asText },
  'double precision': { pattern: /^-?\d{1,30}(\.\d{1,30})?(e[+-]?\d{1,3})?$/, print: asText },
  boolean: { pattern: /^(true|false)$/, print: asText },
  text: { pattern: /^/, print: asText },
} as const

function asText(value: AnyColumn): SQL<string> {
  return sql<string>`${value}::text`
}

/** The query parameters that every list shares; a list spreads its filters beside them. */
export function pageQuery<K extends string>(sortNames: readonly [K, ...K[]]) {
  return {
    limit: Limit,
    sortBy: v.pipe(v.picklist(sortNames), v.description('정렬 기준')),
    sortDirection: v.pipe(v.picklist(['ASCENDING', 'DESCENDING']), v.description('정렬 방향')),
    cursor: v.optional(v.pipe(Storable, v.description('커서: 앞 페이지의 nextCursor'))),
    idAfter: v.optional(v.pipe(Uuid, v.description('보조 커서: 앞 페이지의 nextIdAfter'))),
  }
}

const Limit = v.pipe(
  v.string(),
  v.check((value) => /^\d{1,4}$/.test(value), '올바르지 않은 값입니다.'),
  v.metadata({ type: 'integer', minimum: 1, maximum: 100, description: '한 번에 가져올 개수' }),
  v.transform(Number),
  v.minValue(1),
  v.maxValue(100),
)

/** The schema of a `Page` of such items. */
export function pageOf<S extends v.GenericSchema>(item: S) {
  return v.object({
    data: v.array(item),
    nextCursor: v.nullable(v.string()),
    nextIdAfter: v.nullable(Uuid),
    hasNext: v.boolean(),
    totalCount: Count,
    sortBy: v.string(),
    sortDirection: v.picklist(['ASCENDING', 'DESCENDING']),
  })
}

/** The parts of a list's statement: select `cursor` beside the row, `where` after its filters, one row too many. */
export function keyset<K extends string>(
  page: PageRequest<K>,
  sorts: Record<K, Sort>,
  id: AnyColumn,
): { cursor: SQL<string>; after: SQL | undefined; orderBy: SQL[]; limit: number } {
  const { column, type } = sorts[page.sortBy]
  const position = positionOf(page, cursorForms[type].pattern)
  const [order, beyond] = page.sortDirection === 'ASCENDING' ? ([asc, '>'] as const) : ([desc, '<'] as const)
  return {
    cursor: cursorForms[type].print(column),
    after:
      position &&
      sql`(${column}, ${id}) ${sql.raw(beyond)} (${position.cursor}::${sql.raw(type)}, ${position.idAfter}::uuid)`,
    orderBy: [order(column), order(id)],
    limit: page.limit + 1,
  }
}

/** Where the page starts; `undefined` at the beginning. @throws {AppError} INVALID_REQUEST */
export function positionOf(page: PageRequest, pattern: RegExp): { cursor: string; idAfter: string } | undefined {
  const { cursor, idAfter } = page
  if (cursor === undefined && idAfter === undefined) return undefined
  if (cursor === undefined || idAfter === undefined) {
    const missing = cursor === undefined ? 'cursor' : 'idAfter'
    throw new AppError('INVALID_REQUEST', { [missing]: 'cursor와 idAfter는 함께 보내야 합니다.' })
  }
  if (!pattern.test(cursor)) throw new AppError('INVALID_REQUEST', { cursor: '올바르지 않은 커서입니다.' })
  return { cursor, idAfter }
}

/** The page's answer from at most `limit + 1` rows. */
export function toPage<Row extends { id: string; cursor: string }, T>(
  page: PageRequest,
  rows: readonly Row[],
  totalCount: number,
  toDto: (row: Row) => T,
): Page<T> {
  const hasNext = rows.length > page.limit
  const shown = rows.slice(0, page.limit)
  const last = hasNext ? shown.at(-1) : undefined
  return {
    data: shown.map(toDto),
    nextCursor: last?.cursor ?? null,
    nextIdAfter: last?.id ?? null,
    hasNext,
    totalCount,
    sortBy: page.sortBy,
    sortDirection: page.sortDirection,
  }
}
