/**
 * Applies `migrations/*.sql` in order of their names, each once, each in its own transaction together with its record in
 * `schema_migrations`. A file whose first line is `-- no-transaction` runs statement by statement outside one (for
 * CREATE INDEX CONCURRENTLY); it must be written so that running it again is harmless.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

const ownDirectory = fileURLToPath(new URL('../../../migrations/', import.meta.url))
/** Any constant: whoever migrates holds this advisory lock, so that two starting processes do it once. */
const migrationLock = 6_665_421

/** Brings the database up to date and returns the names of the files it applied. Waits at most 5 s for a table lock, so that it never queues the live system behind itself. */
export async function migrate(databaseUrl: string, directory = ownDirectory): Promise<string[]> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'mopl-migrate',
    connectionTimeoutMillis: 5_000,
  })
  await client.connect()
  try {
    await client.query(`select pg_advisory_lock(${migrationLock})`)
    await client.query(`set lock_timeout = '5s'`)
    await client.query(
      `create table if not exists schema_migrations (name text primary key, applied_at timestamptz(3) not null default now())`,
    )
    const { rows } = await client.query<{ name: string }>('select name from schema_migrations')
    const applied = new Set(rows.map((row) => row.name))
    const waiting = (await readdir(directory)).filter((name) => name.endsWith('.sql') && !applied.has(name)).toSorted()
    for (const name of waiting) await apply(client, name, await readFile(join(directory, name), 'utf8'))
    return waiting
  } finally {
    await client.end()
  }
}

async function apply(client: pg.Client, name: string, text: string): Promise<void> {
  if (text.startsWith('-- no-transaction')) {
    for (const statement of text.split(/;\s*$/m)) if (statement.trim() !== '') await client.query(statement)
    await record(client, name)
    return
  }
  await client.query('begin')
  try {
    await client.query(text)
    await record(client, name)
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw new Error(`migration ${name} failed, nothing of it was kept`, { cause: error })
  }
}

async function record(client: pg.Client, name: string): Promise<void> {
  await client.query('insert into schema_migrations (name) values ($1)', [name])
}
