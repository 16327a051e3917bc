/** `bun run db:migrate`: applies what is waiting in `migrations/` to DATABASE_URL, and says what it applied. */
import { PostgresEnv, readEnv } from './config.ts'
import { migrate } from './migrate.ts'
import { isPostgresUnavailable } from './postgres.ts'

try {
  const applied = await migrate(readEnv(PostgresEnv).DATABASE_URL)
  process.stdout.write(
    applied.length === 0 ? 'nothing to apply\n' : applied.map((name) => `applied ${name}\n`).join(''),
  )
} catch (error) {
  process.exitCode = 1
  process.stderr.write(`${sentence(error)}\n`)
}

function sentence(error: unknown): string {
  if (isPostgresUnavailable(error)) return 'PostgreSQL (DATABASE_URL) does not answer; nothing was applied'
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
