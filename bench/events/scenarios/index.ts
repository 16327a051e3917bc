import type { Table } from '../../report/table.ts'
import type { Bench } from '../bench.ts'
import { commitToAcknowledgement } from './commit-to-ack.ts'
import { playlist } from './playlist.ts'
import { ratings } from './ratings.ts'
import { relay } from './relay.ts'

/** Runs alone on the machine, bounded in time, and says what it measured. */
export type Scenario = { title: string; run(bench: Bench): Promise<Table> }

export const scenarios: Record<string, Scenario> = {
  relay,
  'commit-to-ack': commitToAcknowledgement,
  ratings,
  playlist,
}
