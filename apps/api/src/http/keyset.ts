/**
 * Where a page starts and in which order it goes, for every list that PostgreSQL answers: after the row (sort value, id) of
 * the one before it, so that inserts in between move nothing, and equal sort values are told apart by the id.
 *
 * A cursor is the sort value as text, exactly as PostgreSQL knows it: a Date or a double would round it, and rounded
 * cursors repeat rows or lose them.
 */
import { AppError } from '@mopl/contracts/errors'
import { type AnyColumn, asc, desc, type Placeholder, type SQL, sql } from 'drizzle-orm'
import { toIsoTime } from './iso-time.ts'
import type { Direction, PageRequest } from './page.ts'

/** What a list can be sorted by: the column, and its PostgreSQL type. */
export type Sort = { column: AnyColumn; type: keyof typeof cursorForms }

/** Per type: whether a cursor can be one, and how a value becomes one. What passes here PostgreSQL can read. */
const cursorForms = {
  timestamptz: {
    isOne: isInstant,
    // `to_char` would take PostgreSQL longer than to find the row.
    print: (value: AnyColumn) => sql<string>`${value}`.mapWith(toIsoTime),
  },
  integer: { isOne: isInteger, print: asText },
  numeric: { isOne: (text: string) => /^-?\d{1,30}(\.\d{1,400})?$/.test(text), print: asText },
  'double precision': { isOne: isDouble, print: asText },
  boolean: { isOne: (text: string) => text === 'true' || text === 'false', print: asText },
  text: { isOne: () => true, print: asText },
} as const

/** As JSON has times, and a day that there is: PostgreSQL knows no year 0. */
function isInstant(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text) || text.startsWith('0000')) return false
  const time = new Date(text)
  return !Number.isNaN(time.valueOf()) && time.toISOString() === text
}

/** 32 bits. */
function isInteger(text: string): boolean {
  return /^-?\d{1,10}$/.test(text) && Number(text) === (Number(text) | 0)
}

/** Neither too large nor, without being 0, too small. */
function isDouble(text: string): boolean {
  if (!/^-?\d{1,30}(\.\d{1,30})?(e[+-]?\d{1,3})?$/.test(text)) return false
  return Number.isFinite(Number(text)) && (Number(text) !== 0 || /^-?[0.]+(e|$)/.test(text))
}

function asText(value: AnyColumn): SQL<string> {
  return sql<string>`${value}::text`
}

/** The parts of a list's statement: select `cursor` beside the row, `where` the row is `after` the position. */
export type Keyset = { cursor: SQL<string>; after: SQL | undefined; orderBy: SQL[] }

/** @param position where the page starts, as values or placeholders; the beginning when there is none */
export function keyset(
  { column, type }: Sort,
  id: AnyColumn,
  direction: Direction,
  position: { cursor: string | Placeholder; idAfter: string | Placeholder } | undefined,
): Keyset {
  const [order, beyond] = direction === 'ASCENDING' ? ([asc, '>'] as const) : ([desc, '<'] as const)
  return {
    cursor: cursorForms[type].print(column),
    after:
      position &&
      sql`(${column}, ${id}) ${sql.raw(beyond)} (${position.cursor}::${sql.raw(type)}, ${position.idAfter}::uuid)`,
    orderBy: [order(column), order(id)],
  }
}

/** @throws {AppError} INVALID_REQUEST for a position that is none in a list with this sort */
export function assertPosition(page: PageRequest, { type }: Pick<Sort, 'type'>): void {
  const { cursor, idAfter } = page
  if (cursor === undefined && idAfter === undefined) return
  if (cursor === undefined || idAfter === undefined) {
    const missing = cursor === undefined ? 'cursor' : 'idAfter'
    throw new AppError('INVALID_REQUEST', { [missing]: 'cursor와 idAfter는 함께 보내야 합니다.' })
  }
  if (!cursorForms[type].isOne(cursor)) throw new AppError('INVALID_REQUEST', { cursor: '올바르지 않은 커서입니다.' })
}
