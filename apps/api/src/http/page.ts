/** Pages as a client asks for them, and as it gets them. */
import { Count, Uuid } from '@mopl/contracts/scalars'
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

/** The page's answer from its rows: when there are more than `limit`, there is a next page. */
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
