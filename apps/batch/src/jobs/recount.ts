/** Every number that is kept beside what it counts, recomputed. What it finds is a defect somewhere: it should be nothing. */
import { repairDrift } from './drift.ts'
import type { Job } from './job.ts'
import { ratingDrift } from './rating-drift.ts'
import { recountRows, rowCountDriftKind } from './row-count-drift.ts'
import { subscriberDrift } from './subscriber-drift.ts'
import { recountWatchers, watcherDriftKind } from './watcher-drift.ts'

export const recount: Job = {
  schedule: '0 5 * * *',
  summary: 'recomputes ratings, the counts of subscribers, rows and watchers, and repairs what drifted',
  kinds: [ratingDrift.kind, subscriberDrift.kind, rowCountDriftKind, watcherDriftKind],
  async run(context) {
    await repairDrift(context, ratingDrift)
    if (!context.signal.aborted) await repairDrift(context, subscriberDrift)
    if (!context.signal.aborted) await recountRows(context)
    if (!context.signal.aborted) await recountWatchers(context)
  },
}
