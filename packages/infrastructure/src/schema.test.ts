/** `schema.sql`, the migrations, the table mapping and what PostgreSQL reports are one and the same. */
import { CasingCache } from 'drizzle-orm/casing'
import { getTableConfig, type PgTable } from 'drizzle-orm/pg-core'
import { afterAll, beforeAll, expect, test } from 'bun:test'
import pg from 'pg'
import { migrate } from './migrate.ts'
import * as tables from './tables.ts'
import { createEmptyDatabase, type TestDatabase } from './testing.ts'

const schemaFile = new URL('../../../schema.sql', import.meta.url)
let migrated: TestDatabase
let declared: TestDatabase

beforeAll(async () => {
  migrated = await createEmptyDatabase()
  declared = await createEmptyDatabase()
  await migrate(migrated.url)
  await query(declared, await Bun.file(schemaFile).text())
})
afterAll(() => Promise.all([migrated.close(), declared.close()]))

async function query<Row extends pg.QueryResultRow>(database: TestDatabase, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    return (await client.query<Row>(text)).rows
  } finally {
    await client.end()
  }
}

/** One line for everything that a schema is made of. */
const description = `
  select format('column %s.%s %s%s default=%s generated=%s identity=%s', relname, attname, format_type(atttypid, atttypmod),
                case when attnotnull then ' not null' end, pg_get_expr(adbin, adrelid), attgenerated, attidentity) as line
  from pg_attribute join pg_class on pg_class.oid = attrelid left join pg_attrdef on adrelid = attrelid and adnum = attnum
  where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm') and attnum > 0 and not attisdropped
  union all
  select format('constraint %s.%s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
  from pg_constraint where connamespace = 'public'::regnamespace and contype <> 'n'
  union all
  select pg_get_indexdef(indexrelid) from pg_index join pg_class on pg_class.oid = indexrelid
  where relnamespace = 'public'::regnamespace
  union all
  select pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace
  union all
  select pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
  union all
  select format('view %s %s', viewname, definition) from pg_views where schemaname = 'public'
  union all
  select format('extension %s', extname) from pg_extension
  order by line`

test('schema.sql is all migrations applied', async () => {
  const lines = async (database: TestDatabase) =>
    (await query<{ line: string }>(database, description))
      .map((row) => row.line)
      .filter((line) => !line.includes('schema_migrations'))
  const expected = await lines(declared)
  expect(expected.length).toBeGreaterThan(200)
  expect(await lines(migrated)).toEqual(expected)
})

type Column = { table: string; column: string; type: string; notNull: boolean; hasDefault: boolean; generated: string }

test('the table mapping has every table and column as PostgreSQL reports them', async () => {
  const actual = await query<Column>(
    declared,
    `select relname as table, attname as column, format_type(atttypid, atttypmod) as type, attnotnull as "notNull",
            atthasdef and attgenerated = '' as "hasDefault", attgenerated::text || attidentity::text as generated
     from pg_attribute join pg_class on pg_class.oid = attrelid
     where relnamespace = 'public'::regnamespace and relkind = 'r' and attnum > 0 and not attisdropped`,
  )
  expect(byName(mappedTables().flatMap(columnsOf))).toEqual(byName(actual))
})

test('the table mapping has the primary keys of the database', async () => {
  const actual = await query<{ table: string; columns: string[] }>(
    declared,
    `select relname as table, array_agg(attname::text order by place) as columns
     from pg_constraint cross join unnest(conkey) with ordinality as key (number, place)
     join pg_attribute on attrelid = conrelid and attnum = key.number join pg_class on pg_class.oid = conrelid
     where contype = 'p' and connamespace = 'public'::regnamespace group by relname`,
  )
  const mapped = mappedTables().map((table) => ({ table: getTableConfig(table).name, columns: primaryKeyOf(table) }))
  expect(Object.fromEntries(mapped.map(({ table, columns }) => [table, columns]))).toEqual(
    Object.fromEntries(actual.map(({ table, columns }) => [table, columns])),
  )
})

test('every foreign key has an index that starts with its columns', async () => {
  const unindexed = await query<{ constraint: string }>(
    declared,
    `select conname as constraint from pg_constraint
     where contype = 'f' and connamespace = 'public'::regnamespace and not exists (
       select from pg_index
       where indrelid = conrelid and indpred is null
         and (indkey::int2[])[0:cardinality(conkey) - 1] @> conkey
     )`,
  )
  expect(unindexed).toEqual([])
})

const casing = new CasingCache('snake_case')

function mappedTables(): PgTable[] {
  return Object.values(tables)
}

function columnsOf(table: PgTable): Column[] {
  const { name, columns } = getTableConfig(table)
  const primaryKey = primaryKeyOf(table)
  return columns.map((column) => {
    const columnName = casing.getColumnCasing(column)
    return {
      table: name,
      column: columnName,
      type: column.getSQLType().replace(' (', '('),
      notNull: column.notNull || primaryKey.includes(columnName),
      hasDefault: column.default !== undefined,
      generated: `${column.generated === undefined ? '' : 's'}${column.generatedIdentity === undefined ? '' : 'a'}`,
    }
  })
}

function primaryKeyOf(table: PgTable): string[] {
  const { columns, primaryKeys } = getTableConfig(table)
  const composite = primaryKeys.flatMap((key) => key.columns)
  return [...columns.filter((column) => column.primary), ...composite].map((column) => casing.getColumnCasing(column))
}

function byName(columns: Column[]): Column[] {
  return columns.toSorted((a, b) => `${a.table}.${a.column}`.localeCompare(`${b.table}.${b.column}`))
}
