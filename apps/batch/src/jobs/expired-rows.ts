/** Rows whose time is over, by an index on that time, in chunks that commit. */
import { type SQL, sql } from 'drizzle-orm'
import type { JobContext } from './job.ts'

const chunkRows = 1_000
const dayMs = 24 * 60 * 60 * 1_000

type Expiry = { kind: string; table: SQL; key: SQL; expiredAt: SQL; afterDays: number }

/**
 * A processed event's id outlives the longest time Kafka may deliver it again: seven days of retention, and as long
 * again for an operator to redrive a dead letter.
 */
const expiries: Expiry[] = [
  { kind: 'read-notifications', table: sql`notifications`, key: sql`id`, expiredAt: sql`read_at`, afterDays: 30 },
  {
    kind: 'ended-watching-sessions',
    table: sql`watching_sessions`,
    key: sql`id`,
    expiredAt: sql`ended_at`,
    afterDays: 90,
  },
  {
    kind: 'published-outbox-events',
    table: sql`outbox_events`,
    key: sql`id`,
    expiredAt: sql`published_at`,
    afterDays: 7,
  },
  {
    kind: 'processed-events',
    table: sql`processed_events`,
    key: sql`consumer, event_id`,
    expiredAt: sql`processed_at`,
    afterDays: 14,
  },
  {
    kind: 'idempotency-keys',
    table: sql`idempotency_keys`,
    key: sql`caller, operation, key`,
    expiredAt: sql`created_at`,
    afterDays: 1,
  },
  { kind: 'batch-runs', table: sql`batch_runs`, key: sql`id`, expiredAt: sql`started_at`, afterDays: 365 },
]

export const expiredKinds = expiries.map(({ kind }) => kind)

export async function removeExpiredRows(context: JobContext): Promise<void> {
  for (const expiry of expiries) {
    if (context.signal.aborted) return
    const total = await countExpired(context, expiry)
    context.tally.begin(expiry.kind, total)
    if (context.dryRun) context.tally.add(total)
    else await removeChunks(context, expiry)
  }
}

async function countExpired({ db, now }: JobContext, { table, expiredAt, afterDays }: Expiry): Promise<number> {
  const { rows } = await db.execute<{ count: number }>(
    sql`select count(*)::int as count from ${table} where ${expiredAt} < ${daysBefore(now, afterDays)}`,
  )
  return rows[0]?.count ?? 0
}

/** A row that somebody else holds is left for the next run rather than waited for. */
async function removeChunks(context: JobContext, { table, key, expiredAt, afterDays }: Expiry): Promise<void> {
  let removed = chunkRows
  while (removed === chunkRows && !context.signal.aborted) {
    const result = await context.db.execute(sql`
      delete from ${table} where (${key}) in (
        select ${key} from ${table} where ${expiredAt} < ${daysBefore(context.now, afterDays)}
        order by ${expiredAt} limit ${chunkRows} for update skip locked
      )`)
    removed = result.rowCount ?? 0
    context.tally.add(removed)
  }
}

function daysBefore(now: Date, days: number): Date {
  return new Date(now.getTime() - days * dayMs)
}
