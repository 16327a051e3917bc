import type { Scenario as ScenarioOf } from '../../report/run-scenarios.ts'
import type { Bench } from '../bench.ts'
import { commitToAcknowledgement } from './commit-to-ack.ts'
import { playlist } from './playlist.ts'
import { ratings } from './ratings.ts'
import { relay } from './relay.ts'

export type Scenario = ScenarioOf<Bench>

export const scenarios: Record<string, Scenario> = {
  relay,
  'commit-to-ack': commitToAcknowledgement,
  ratings,
  playlist,
}
