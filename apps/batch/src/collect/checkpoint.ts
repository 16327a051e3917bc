/** How far a job came that was stopped half-way. */
import type { Sql } from '@mopl/infrastructure/postgres'
import { batchCheckpoints } from '@mopl/infrastructure/tables'
import { eq } from 'drizzle-orm'

export async function findCheckpoint(sql: Sql, job: string): Promise<string | undefined> {
  const [row] = await sql.select().from(batchCheckpoints).where(eq(batchCheckpoints.job, job))
  return row?.position
}

/** In the transaction of what was done up to there. */
export async function setCheckpoint(tx: Sql, job: string, position: string): Promise<void> {
  await tx
    .insert(batchCheckpoints)
    .values({ job, position })
    .onConflictDoUpdate({ target: batchCheckpoints.job, set: { position, updatedAt: new Date() } })
}

export async function clearCheckpoint(sql: Sql, job: string): Promise<void> {
  await sql.delete(batchCheckpoints).where(eq(batchCheckpoints.job, job))
}
