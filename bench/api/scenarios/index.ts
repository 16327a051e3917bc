import type { Table } from '../../report/table.ts'
import type { Bench } from '../bench.ts'
import { keywordCost } from './keyword-cost.ts'
import { keywordIndex } from './keyword-index.ts'
import { listCost } from './list-cost.ts'
import { compareOperations } from './operations.ts'

/** Runs alone on the machine, bounded in time, and says what it measured. */
export type Scenario = { title: string; run(bench: Bench): Promise<Table> }

export const scenarios: Record<string, Scenario> = {
  operations: compareOperations,
  'list-cost': listCost,
  'keyword-cost': keywordCost,
  'keyword-index': keywordIndex,
}
