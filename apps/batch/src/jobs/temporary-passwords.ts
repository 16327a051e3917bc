/** Temporary passwords past their three minutes. Sign-in refuses them by then; here their hashes go as well. */
import { type SQL, sql } from 'drizzle-orm'
import type { JobContext } from './job.ts'

export async function clearTemporaryPasswords({ db, now, tally, dryRun }: JobContext): Promise<void> {
  const expired: SQL = sql`temporary_password_expires_at < ${now}`
  const { rows } = await db.execute<{ count: number }>(sql`select count(*)::int as count from users where ${expired}`)
  const total = rows[0]?.count ?? 0
  tally.begin('expired-temporary-passwords', total)
  if (dryRun) return tally.add(total)
  const { rowCount } = await db.execute(sql`
    update users set temporary_password_hash = null, temporary_password_expires_at = null where ${expired}`)
  tally.add(rowCount ?? 0)
}
