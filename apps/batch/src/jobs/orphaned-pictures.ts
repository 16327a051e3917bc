/**
 * Pictures that no row names: left by a transaction that failed after its picture was stored, or by a process killed
 * before it removed the one that it replaced.
 */
import { inParts } from '@mopl/infrastructure/in-parts'
import type { Db } from '@mopl/infrastructure/postgres'
import { sql } from 'drizzle-orm'
import type { JobContext } from './job.ts'

/** A picture is stored before its row is committed; no request lives this long. */
const graceMs = 60 * 60 * 1_000
const removedAtOnce = 50

export async function removeOrphanedPictures({ db, pictures, now, dryRun, tally, signal }: JobContext): Promise<void> {
  const limit = new Date(now.getTime() - graceMs)
  tally.begin('orphaned-pictures', 0)
  if (signal.aborted) return
  for await (const page of pictures.list()) {
    const settled = page.filter(({ modifiedAt }) => modifiedAt < limit).map(({ key }) => key)
    const orphans = await unnamed(db, settled)
    if (!dryRun) await inParts(orphans, removedAtOnce, (key) => pictures.remove(key))
    tally.add(orphans.length)
    if (signal.aborted) return
  }
}

async function unnamed(db: Db, keys: string[]): Promise<string[]> {
  if (keys.length === 0) return []
  const { rows } = await db.execute<{ key: string }>(sql`
    select key from unnest(${sql.param(keys)}::text[]) as files (key)
    where not exists (select from contents where thumbnail_key = key)
      and not exists (select from users where profile_image_key = key)`)
  return rows.map((row) => row.key)
}
