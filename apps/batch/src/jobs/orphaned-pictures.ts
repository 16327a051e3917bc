/**
 * Pictures that no row names: left by a transaction that failed after its file was stored, or by a process killed
 * before it removed the file that it replaced. Keys have the form `ab/<file>`; anything else there is none of ours.
 */
import type { Db } from '@mopl/infrastructure/postgres'
import { sql } from 'drizzle-orm'
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { JobContext } from './job.ts'

const chunkFiles = 500
/** A file is stored before its row is committed; no request lives this long. */
const graceMs = 60 * 60 * 1_000

export async function removeOrphanedPictures({ db, mediaDir, now, dryRun, tally, signal }: JobContext): Promise<void> {
  const folders = (await list(mediaDir)).filter((name) => /^[0-9a-f]{2}$/.test(name)).toSorted()
  tally.begin('orphaned-pictures', 0)
  for (const folder of folders) {
    const files = (await list(join(mediaDir, folder))).map((file) => `${folder}/${file}`)
    for (let start = 0; start < files.length && !signal.aborted; start += chunkFiles) {
      const settled = await olderThan(
        mediaDir,
        new Date(now.getTime() - graceMs),
        files.slice(start, start + chunkFiles),
      )
      const orphans = await unnamed(db, settled)
      if (!dryRun) await Promise.all(orphans.map((key) => rm(join(mediaDir, key), { force: true })))
      tally.add(orphans.length)
    }
  }
}

async function olderThan(mediaDir: string, limit: Date, keys: string[]): Promise<string[]> {
  const settled = await Promise.all(keys.map((key) => unlessMissing(stat(join(mediaDir, key)))))
  return keys.filter((_, index) => {
    const file = settled[index]
    return file?.isFile() === true && file.mtime < limit
  })
}

async function unnamed(db: Db, keys: string[]): Promise<string[]> {
  if (keys.length === 0) return []
  const { rows } = await db.execute<{ key: string }>(sql`
    select key from unnest(${sql.param(keys)}::text[]) as files (key)
    where not exists (select from contents where thumbnail_key = key)
      and not exists (select from users where profile_image_key = key)`)
  return rows.map((row) => row.key)
}

async function list(folder: string): Promise<string[]> {
  return (await unlessMissing(readdir(folder))) ?? []
}

/** The folder appears with the first picture, and the api removes files beside us. */
async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
