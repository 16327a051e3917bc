/** What a keyword search costs with ever more contents. Words of all frequencies are searched; the matches grow with the table. */
import { growth } from './growth.ts'
import type { Scenario } from './index.ts'

export const keywordCost: Scenario = {
  title: 'REST: the cost of a keyword search, by the number of contents',
  run: (bench) => growth(bench, ['contents by keyword'], bench.isQuick ? [1_000, 10_000] : [1_000, 100_000, 1_000_000]),
}
