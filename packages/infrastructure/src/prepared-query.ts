/**
 * One execution of a prepared statement. The queries of `pg` itself ask with each execution what the columns are, which the
 * server tells at length, and raise an event for each row; here a connection is asked once, when it prepares the statement.
 * That other queries than its own can be submitted is `pg`'s way of letting cursors and streams be written.
 */
import type { Connection as PgConnection } from 'pg'
import { prepareValue } from 'pg/lib/utils.js'

export type PreparedStatement = {
  /** Empty: prepared, and planned, for each execution. */
  name: string
  text: string
  types: { getTypeParser(oid: number, format: 'text'): Decode }
  /** What the columns are, as each connection told. */
  columns: WeakMap<Connection, Decode[]>
}
/** What `pg` gives a query to work with. */
export type Connection = PgConnection & { parsedStatements: Record<string, string> }
/** A pool, or one connection of it. */
export type PgClient = { query(query: PreparedQuery, done: (error: Error | null) => void): void }

type Decode = (text: string) => unknown

/** Resolves with the rows, each an array of values. Rejects as `pg` does. */
export async function executePrepared(
  client: PgClient,
  statement: PreparedStatement,
  values: readonly unknown[],
): Promise<unknown[][]> {
  const query = new PreparedQuery(statement, values)
  await new Promise<void>((resolve, reject) => {
    client.query(query, (error) => (error ? reject(error) : resolve()))
  })
  return query.rows()
}

/** The methods are those that `pg` calls: `submit` first, then one for each message that comes back. */
class PreparedQuery {
  /** Set by `pg`, which puts a deadline around it. */
  callback: ((error: Error | null) => void) | undefined
  readonly name: string
  readonly text: string
  readonly #columnsOf: PreparedStatement['columns']
  readonly #types: PreparedStatement['types']
  readonly #values: readonly (string | Buffer | null)[]
  readonly #rows: (string | null)[][] = []
  #connection: Connection | undefined
  #columns: Decode[] | undefined

  constructor({ name, text, types, columns }: PreparedStatement, values: readonly unknown[]) {
    this.name = name
    this.text = text
    this.#types = types
    this.#columnsOf = columns
    // Before anything is sent: a value that is none must not leave half an execution behind.
    this.#values = values.map((value) => prepareValue(value))
  }

  submit(connection: Connection): void {
    const { name, text } = this
    const isPrepared = name !== '' && connection.parsedStatements[name] !== undefined
    this.#connection = connection
    this.#columns = isPrepared ? this.#columnsOf.get(connection) : undefined
    connection.stream.cork()
    if (!isPrepared) connection.parse({ name, text, types: [] }, true)
    connection.bind({ statement: name, values: this.#values as string[] }, true)
    if (this.#columns === undefined) connection.describe({ type: 'P' }, true)
    connection.execute(null, true)
    connection.sync()
    connection.stream.uncork()
  }

  handleRowDescription({ fields }: { fields: { dataTypeID: number }[] }): void {
    this.#columns = fields.map(({ dataTypeID }) => this.#types.getTypeParser(dataTypeID, 'text'))
  }

  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    this.#rows.push(fields)
  }

  handleCommandComplete(): void {
    // Of a statement without columns nothing is told.
    this.#columns ??= []
    if (this.name !== '' && this.#connection !== undefined) this.#columnsOf.set(this.#connection, this.#columns)
  }

  handleReadyForQuery(): void {
    this.callback?.(null)
  }

  handleError(error: Error): void {
    this.callback?.(error)
  }

  rows(): unknown[][] {
    const decodes = this.#columns ?? []
    return this.#rows.map((texts) => {
      const values: unknown[] = texts
      for (let index = 0; index < decodes.length; index++) {
        const text = texts[index] as string | null
        if (text !== null) values[index] = decodes[index]?.(text)
      }
      return values
    })
  }
}
