/** The admin account that exists from the first start. */
import { AppError } from '@mopl/contracts/errors'
import type { Db } from '@mopl/infrastructure/postgres'
import { users } from '@mopl/infrastructure/tables'
import { newId } from '@mopl/infrastructure/ids'
import { eq, sql } from 'drizzle-orm'
import type { Passwords } from '../auth/passwords.ts'
import type { NewUser } from './schemas.ts'
import { createUser } from './users.ts'

/** Creates the account unless the e-mail is taken, and never changes one. Instances that start together may race. */
export async function ensureAdmin(
  { db, passwords }: { db: Db; passwords: Passwords },
  { name, email, password }: NewUser,
): Promise<void> {
  const [existing] = await db
    .select({ id: users.id })
    .from(users)
    .where(eq(sql`lower(${users.email})`, sql`lower(${email})`))
  if (existing !== undefined) return
  const passwordHash = await passwords.hash(password)
  await createUser(db, { name, email, passwordHash }, newId(), 'ADMIN').catch(ignoreTaken)
}

function ignoreTaken(error: unknown): void {
  if (!(error instanceof AppError && error.code === 'EMAIL_TAKEN')) throw error
}
