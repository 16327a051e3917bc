/**
 * Rows as objects. drizzle finds out anew for every cell what kind of column it comes from, which takes longer than
 * reading the row from the connection; here that is done once per statement.
 */
import { Column, getTableName, is, SQL, Subquery } from 'drizzle-orm'

/** What drizzle knows about a column of a result: where it goes, and what it is. */
export type ResultColumn = { path: string[]; field: unknown }
/** Table -> whether its row is always there: not so behind an outer join. */
export type Joins = Record<string, boolean>

type Decode = (value: unknown) => unknown
type Cell = { group: string | undefined; name: string; decode: Decode | undefined }
type Row = Record<string, unknown>

/** As drizzle maps rows: a group (`author: { id, name }`) of an outer join that found nothing is `null`. */
export function rowMapper(columns: readonly ResultColumn[], joins: Joins = {}): (rows: unknown[][]) => Row[] {
  const cells = columns.map(cellOf)
  const absent = groupsThatMayBeAbsent(columns, joins)

  function toObject(values: unknown[]): Row {
    const row: Row = {}
    for (let index = 0; index < cells.length; index++) {
      const { group, name, decode } = cells[index] as Cell
      const value = values[index]
      const target = group === undefined ? row : ((row[group] ??= {}) as Row)
      target[name] = value === null || decode === undefined ? value : decode(value)
    }
    for (const group of absent) if (Object.values(row[group] as Row).every((value) => value === null)) row[group] = null
    return row
  }

  return (rows) => rows.map(toObject)
}

function cellOf({ path: [first = '', second, ...deeper], field }: ResultColumn): Cell {
  if (deeper.length > 0) throw new Error(`${first}.${second} is nested deeper than one level`)
  const decode = decoderOf(field)
  return second === undefined ? { group: undefined, name: first, decode } : { group: first, name: second, decode }
}

/** `undefined` where the driver's value is taken as it is. */
function decoderOf(field: unknown): Decode | undefined {
  const decoder = is(field, Column) ? field : decoderOfSql(field)
  if (decoder === undefined || decoder.mapFromDriverValue === Column.prototype.mapFromDriverValue) return undefined
  return (value) => decoder.mapFromDriverValue(value)
}

type Decoder = { mapFromDriverValue(value: unknown): unknown }

function decoderOfSql(field: unknown): Decoder | undefined {
  if (is(field, SQL)) return (field as unknown as { decoder: Decoder }).decoder
  if (is(field, SQL.Aliased)) return decoderOfSql(field.sql)
  if (is(field, Subquery)) return decoderOfSql(field._.sql)
  return undefined
}

function groupsThatMayBeAbsent(columns: readonly ResultColumn[], joins: Joins): string[] {
  const tables = new Map<string, Set<string>>()
  for (const { path, field } of columns)
    if (path.length === 2 && is(field, Column)) {
      const [group = ''] = path
      tables.set(group, (tables.get(group) ?? new Set()).add(getTableName(field.table)))
    }
  return [...tables].flatMap(([group, [table = '', ...others]]) =>
    others.length === 0 && joins[table] === false ? [group] : [],
  )
}
