/** The two drivers that the bare server can have, behind the little that it needs of one. */
import { SQL } from 'bun'
import pg from 'pg'
import { type StatementName, statements } from './statements.ts'

export type Row = Record<string, unknown>
export type Query = (name: StatementName, values: unknown[]) => Promise<Row[]>
export type Driver = { query: Query; transaction: <T>(work: (query: Query) => Promise<T>) => Promise<T> }

export const driverNames = ['pg', 'Bun.sql'] as const
export type DriverName = (typeof driverNames)[number]

/** Both prepare every statement once per connection. */
export function openDriver(name: DriverName, url: string, connections: number): Driver {
  return name === 'pg' ? openPg(url, connections) : openBunSql(url, connections)
}

function openPg(url: string, connections: number): Driver {
  const pool = new pg.Pool({ connectionString: url, max: connections })
  const on =
    (client: Pick<pg.ClientBase, 'query'>): Query =>
    async (name, values) =>
      (await client.query<Row>({ name, text: statements[name], values })).rows
  return {
    query: async (name, values) => (await pool.query<Row>({ name, text: statements[name], values })).rows,
    async transaction(work) {
      const client = await pool.connect()
      try {
        await client.query('begin')
        const result = await work(on(client))
        await client.query('commit')
        return result
      } finally {
        client.release()
      }
    },
  }
}

function openBunSql(url: string, connections: number): Driver {
  const sql = new SQL(url, { max: connections })
  const on =
    (client: SQL): Query =>
    (name, values) =>
      client.unsafe<Row[]>(
        statements[name],
        values.map((value) => (Array.isArray(value) ? `{${value.join(',')}}` : value)),
      )
  return { query: on(sql), transaction: (work) => sql.begin((transaction) => work(on(transaction))) }
}
