import { afterAll, expect, test } from 'bun:test'
import fc from 'fast-check'
import { createLists, type List, type Row } from '../testing-lists.ts'
import { openTestApi } from '../testing.ts'
import type { Page } from './page.ts'

const mostRows = 24
const api = await openTestApi()
const reader = await api.aUser({ role: 'ADMIN' })
const lists = await createLists(api, reader, mostRows)
afterAll(() => api.close())

/** Random UUIDv7s of three neighbouring milliseconds. */
const Id = fc.tuple(fc.nat(2), fc.uuid({ version: 7 })).map(([ms, id]) => `0197a000-000${ms}${id.slice(13)}`)
const Rows = fc.uniqueArray(fc.record({ id: Id, key: fc.nat(2) }), {
  selector: ({ id }) => id,
  minLength: 1,
  maxLength: mostRows,
})

async function pageOf(
  { path, filter, token = reader.token }: List,
  query: Record<string, string>,
): Promise<Page<{ id: string }>> {
  const search = new URLSearchParams({ ...filter, ...query })
  const { status, body } = await api.call('GET', `${path}?${search.toString()}`, { token })
  expect({ status, body }).toMatchObject({ status: 200 })
  return body as Page<{ id: string }>
}

/** Every id of the list, page by page as a client walks it, with one of `newcomers` inserted after each page. */
async function walk(list: List, query: Record<string, string>, newcomers: Row[]): Promise<string[]> {
  const ids: string[] = []
  let position: Record<string, string> = {}
  for (;;) {
    const { data, nextCursor, nextIdAfter } = await pageOf(list, { ...query, ...position })
    ids.push(...data.map(({ id }) => id))
    if (nextCursor === null || nextIdAfter === null) return ids
    position = { cursor: nextCursor, idAfter: nextIdAfter }
    const newcomer = newcomers.pop()
    if (newcomer !== undefined) await list.insert([newcomer])
  }
}

const walks = Object.entries(lists).flatMap(([name, list]) =>
  Object.entries(list.sorts).flatMap(([sort, rank]) =>
    (['ASCENDING', 'DESCENDING'] as const).map((direction) => ({ name, list, sort, rank, direction })),
  ),
)

test.each(walks)(
  'walking $name by $sort $direction yields every row that was there throughout exactly once, in order, whatever is inserted',
  async ({ list, sort, rank, direction }) => {
    const sign = direction === 'ASCENDING' ? 1 : -1
    const inOrder = (one: Row, two: Row) => (rank(one.key) - rank(two.key) || (one.id < two.id ? -1 : 1)) * sign

    const holds = async (rows: Row[], late: number, limit: number) => {
      const [newcomers, initial] = [rows.slice(0, late), rows.slice(late)]
      const ids = rows.map(({ id }) => id)
      try {
        if (initial.length > 0) await list.insert(initial)
        const walked = await walk(list, { limit: String(limit), sortBy: sort, sortDirection: direction }, [
          ...newcomers,
        ])
        const there = new Set(initial.map(({ id }) => id))
        expect(walked.filter((id) => there.has(id))).toEqual(initial.toSorted(inOrder).map(({ id }) => id))
        const seen = new Set(walked)
        expect(walked).toEqual(
          rows
            .filter(({ id }) => seen.has(id))
            .sort(inOrder)
            .map(({ id }) => id),
        )
      } finally {
        await list.remove(ids)
      }
    }
    await fc.assert(fc.asyncProperty(Rows, fc.nat(8), fc.integer({ min: 1, max: 7 }), holds), { numRuns: 25, seed: 7 })
  },
)
