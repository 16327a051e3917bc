/** The api on a database whose statements are written down as the api sends them. */
import { openPostgres } from '@mopl/infrastructure/postgres'
import * as tables from '@mopl/infrastructure/tables'
import { drizzle } from 'drizzle-orm/node-postgres'
import pino from 'pino'
import { openTestApi, type TestApi } from './testing.ts'

export type Statement = { query: string; params: unknown[] }

export async function openRecordingApi(): Promise<{
  api: TestApi
  /** What `work` makes the api send, and what it answers. */
  recorded: <T>(work: () => Promise<T>) => Promise<{ statements: Statement[]; answer: T }>
  /** The plan that PostgreSQL has for a statement, from EXPLAIN. */
  planOf: (statement: Statement) => Promise<unknown>
  close: () => Promise<void>
}> {
  const statements: Statement[] = []
  const logger = { logQuery: (query: string, params: unknown[]) => void statements.push({ query, params }) }
  const opened: ReturnType<typeof openPostgres>[] = []
  const api = await openTestApi((_real, url) => {
    const log = pino({ level: 'silent' })
    // What fills it may take long on a busy machine.
    const postgres = openPostgres({ url, poolSize: 4, application: 'recording', log, queryTimeoutMs: 60_000 })
    opened.push(postgres)
    return { db: drizzle(postgres.pool, { schema: tables, casing: 'snake_case', logger }) }
  })
  const [postgres] = opened
  if (postgres === undefined) throw new Error('the api was not given the recording database')
  return {
    api,
    async recorded(work) {
      statements.length = 0
      const answer = await work()
      return { statements: [...statements], answer }
    },
    async planOf({ query, params }) {
      const { rows } = await postgres.pool.query(`explain (format json) ${query}`, params)
      return rows[0]['QUERY PLAN'][0].Plan
    },
    async close() {
      await postgres.close()
      await api.close()
    },
  }
}
