import type { Bench } from '../bench.ts'
import type { Table } from '../../report/table.ts'
import { connectStorm } from './connect-storm.ts'
import { directMessages } from './direct-messages.ts'
import { eventStream } from './event-stream.ts'
import { fanOut } from './fan-out.ts'
import { fanOutBusy } from './fan-out-busy.ts'
import { fanOutCrowded } from './fan-out-crowded.ts'
import { memory } from './memory.ts'

/** Runs alone on the machine, bounded in time, and says what it measured. */
export type Scenario = { title: string; run(bench: Bench): Promise<Table> }

export const scenarios: Record<string, Scenario> = {
  'fan-out': fanOut,
  'fan-out-busy': fanOutBusy,
  'fan-out-crowded': fanOutCrowded,
  memory,
  'connect-storm': connectStorm,
  'direct-messages': directMessages,
  'event-stream': eventStream,
}
