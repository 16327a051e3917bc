import type { Bench } from '../bench.ts'
import type { Scenario as ScenarioOf } from '../../report/run-scenarios.ts'
import { connectStorm } from './connect-storm.ts'
import { directMessages } from './direct-messages.ts'
import { eventStream } from './event-stream.ts'
import { fanOut } from './fan-out.ts'
import { fanOutBusy } from './fan-out-busy.ts'
import { fanOutCrowded } from './fan-out-crowded.ts'
import { memory } from './memory.ts'

export type Scenario = ScenarioOf<Bench>

export const scenarios: Record<string, Scenario> = {
  'fan-out': fanOut,
  'fan-out-busy': fanOutBusy,
  'fan-out-crowded': fanOutCrowded,
  memory,
  'connect-storm': connectStorm,
  'direct-messages': directMessages,
  'event-stream': eventStream,
}
