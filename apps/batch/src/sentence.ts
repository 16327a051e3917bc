/** What went wrong, as one sentence for the operator: what is away, or what was refused. Never a value, never a stack. */
import { AppError } from '@mopl/contracts/errors'
import { ConfigError } from '@mopl/infrastructure/config'
import { isPostgresUnavailable } from '@mopl/infrastructure/postgres'
import { DrizzleQueryError } from 'drizzle-orm'

export function sentence(error: unknown): string {
  if (error instanceof ConfigError) return error.message
  if (isPostgresUnavailable(error)) return 'PostgreSQL (DATABASE_URL) does not answer; start it and run this again'
  // Its words are for clients; the only one that a job meets is the bucket's.
  if (error instanceof AppError)
    return 'the bucket (S3_URL) does not answer, or does not let us in; mend it and run this again'
  if (error instanceof DrizzleQueryError && error.cause !== undefined) return error.cause.message
  return error instanceof Error ? error.message : String(error)
}
