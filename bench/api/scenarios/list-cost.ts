/** What one list costs with ever more rows in its table. */
import { growth } from './growth.ts'
import type { Scenario } from './index.ts'

const lists = [
  'contents by createdAt',
  'contents by watcherCount',
  'contents by rate',
  'contents of a type',
  'all reviews',
]

export const listCost: Scenario = {
  title: 'REST: the cost of a page, by the number of rows in the table',
  run: (bench) => growth(bench, lists, bench.isQuick ? [1_000, 10_000] : [10_000, 100_000, 1_000_000]),
}
