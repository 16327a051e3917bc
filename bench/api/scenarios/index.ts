import type { Scenario as ScenarioOf } from '../../report/run-scenarios.ts'
import type { Bench } from '../bench.ts'
import { keywordCost } from './keyword-cost.ts'
import { keywordIndex } from './keyword-index.ts'
import { listCost } from './list-cost.ts'
import { compareOperations } from './operations.ts'

export type Scenario = ScenarioOf<Bench>

export const scenarios: Record<string, Scenario> = {
  operations: compareOperations,
  'list-cost': listCost,
  'keyword-cost': keywordCost,
  'keyword-index': keywordIndex,
}
