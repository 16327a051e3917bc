/**
 * The search indexes, rebuilt beside the live ones and switched: a GIN index grows with what is written over and
 * deleted, and gives nothing back by itself. Searches and writes go on meanwhile. Why there is no more to it:
 * docs/decisions/0005-bigram-expression-index.md.
 */
import { sql } from 'drizzle-orm'
import type { Job, JobContext } from './job.ts'
import { rebuildIndex } from './rebuild-index.ts'
import { listLeftovers, listSearchIndexes, noteFresh, type SearchIndex, swollenPercent } from './search-indexes.ts'

const [rebuilt, repaired, leftover] = ['rebuilt-indexes', 'repaired-indexes', 'removed-leftovers'] as const

export const reindex: Job = {
  schedule: '0 2 * * 0',
  summary: 'rebuilds the search indexes beside the live ones, and switches',
  kinds: [leftover, rebuilt, repaired],
  async run(context) {
    const { db, tally, dryRun, signal } = context
    await removeLeftovers(context)
    const indexes = await listSearchIndexes(db)
    tally.begin(rebuilt, indexes.length)
    tally.count(repaired, 0)
    for (const index of indexes) {
      if (signal.aborted) return
      if (dryRun) tally.detail(described(index))
      else if (!(await rebuild(context, index))) return
      tally.add(1)
      if (!index.isValid) tally.count(repaired, 1)
    }
  },
}

/** Written to as long as it is there, and used by no search. */
async function removeLeftovers({ db, tally, dryRun }: JobContext): Promise<void> {
  const names = await listLeftovers(db)
  tally.count(leftover, 0)
  for (const name of names) {
    // Beside searches and writes; waits for the transactions that may be using it, and for a rebuild that is still dying.
    if (!dryRun) await db.execute(sql`drop index concurrently if exists ${sql.identifier(name)}`)
    tally.count(leftover, 1)
  }
}

async function rebuild(context: JobContext, before: SearchIndex): Promise<boolean> {
  const { db, tally } = context
  if (!(await rebuildIndex(context, before.name))) return false
  const after = (await listSearchIndexes(db)).find(({ name }) => name === before.name) ?? before
  await db.execute(noteFresh(after))
  tally.detail({ ...described(before), bytesAfter: after.bytes })
  return true
}

function described(index: SearchIndex) {
  const { name, table, rows, bytes, isValid } = index
  const swollen = swollenPercent(index)
  return { index: name, table, rows, isValid, ...(swollen === undefined ? {} : { swollenPercent: swollen }), bytes }
}
