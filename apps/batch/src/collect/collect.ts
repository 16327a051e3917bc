/** Reads a source page by page into the contents. Each page is a transaction, and the next run goes on after the last one. */
import { newId } from '@mopl/infrastructure/ids'
import { TransactionRollbackError } from 'drizzle-orm'
import * as v from 'valibot'
import type { JobContext } from '../jobs/job.ts'
import { clearCheckpoint, findCheckpoint, setCheckpoint } from './checkpoint.ts'
import { SourceUnavailable } from './client.ts'
import { withPosters } from './posters.ts'
import { type Saved, saveContents, type Storable } from './save.ts'
import type { Collected, Page, Source, Step } from './source.ts'

export const collectKinds = [
  'pages',
  'added-contents',
  'changed-contents',
  'stored-posters',
  'missing-posters',
  'unusable-items',
  'skipped-pages',
] as const

/** So many pages in a row that cannot be read are no accident of a page. */
const maxFailures = 3

/**
 * @throws {SourceUnavailable} when the source is away
 * @throws {SourceRefused} when it does not take the key, or does not know the question
 */
export async function collect(context: JobContext, job: string, source: Source): Promise<void> {
  const { db, tally, dryRun, signal } = context
  const reached = await findCheckpoint(db, job)
  const steps = source.steps.slice(source.steps.findIndex((step) => step.position === reached) + 1)
  const requestId = `${job}-${newId()}`
  const over = new Set<string>()
  let failures = 0
  tally.begin('pages', steps.length)
  for (const kind of collectKinds) tally.count(kind, 0)
  for (const step of steps) {
    if (signal.aborted) return
    if (over.has(step.group)) continue
    try {
      const page = await source.read(step)
      await take(context, job, source, step, page, requestId)
      if (page.isLast) over.add(step.group)
      tally.add(1)
      failures = 0
    } catch (error) {
      if (signal.aborted) return
      failures += 1
      if (!isPageUnreadable(error) || failures === maxFailures || failures === steps.length) throw error
      tally.count('skipped-pages', 1)
    }
  }
  if (!dryRun) await clearCheckpoint(db, job)
}

/** The source is away, or answers something else than it promises. */
function isPageUnreadable(error: unknown): boolean {
  return error instanceof SourceUnavailable || v.isValiError(error)
}

async function take(
  { db, pictures, tally, dryRun }: JobContext,
  job: string,
  { posters }: Source,
  step: Step,
  page: Page,
  requestId: string,
): Promise<void> {
  const items = unique(page.items)
  tally.count('unusable-items', page.unusable)
  const complete = dryRun ? undefined : await withPosters(db, posters, pictures, items)
  const { added, changed } = await save({ db, dryRun }, job, step, complete?.items ?? items, requestId)
  tally.count('added-contents', added)
  tally.count('changed-contents', changed)
  tally.count('stored-posters', complete?.stored ?? 0)
  tally.count('missing-posters', complete?.missing ?? 0)
}

/** A source that is sorted anew while it is read says things twice; the last word counts. */
function unique(items: readonly Collected[]): Collected[] {
  return [...new Map(items.map((item) => [item.externalId, item])).values()]
}

/** A dry run does it all and takes it back. */
async function save(
  { db, dryRun }: Pick<JobContext, 'db' | 'dryRun'>,
  job: string,
  { position }: Step,
  items: readonly Storable[],
  requestId: string,
): Promise<Saved> {
  let saved: Saved = { added: 0, changed: 0 }
  try {
    await db.transaction(async (tx) => {
      saved = await saveContents(tx, items, requestId)
      await setCheckpoint(tx, job, position)
      if (dryRun) tx.rollback()
    })
  } catch (error) {
    if (!(error instanceof TransactionRollbackError)) throw error
  }
  return saved
}
