/** What the indexes behind keyword search cost those who write, and the disk. */
import { withSql } from '@mopl/local/postgres'
import type { SQL } from 'bun'
import { sqlIdOf } from '../ids.ts'
import { fixed } from '../../report/table.ts'
import { textOnly } from '../seed.ts'
import { sqlText } from '../words.ts'
import type { Scenario } from './index.ts'

const indexes = ['ix_contents_bigrams', 'ix_contents_letters']
const columns = [
  'contents',
  'table MB',
  'pairs MB',
  'letters MB',
  'insert µs',
  'without both',
  'change of a text µs',
  'without both ',
]
/** More than what GIN keeps aside before it sorts it in, so that this is in the figure. */
const written = 5_000

export const keywordIndex: Scenario = {
  title: 'REST: the cost of the indexes behind keyword search, per content written',
  async run(bench) {
    const rows: string[][] = []
    for (const count of bench.isQuick ? [1_000, 10_000] : [1_000, 100_000, 1_000_000]) {
      const figures = await bench.withCopy(textOnly(count), (url) => withSql(url, (sql) => measureWrites(sql, count)))
      rows.push([String(count), ...figures])
      bench.progress(`  ${count}: ${figures.join(', ')}`)
    }
    return { columns, rows }
  },
}

async function measureWrites(sql: SQL, count: number): Promise<string[]> {
  const sizes = await sql<{ bytes: number }[]>`
    select pg_table_size(name::regclass)::float8 as bytes
    from unnest(${sql.array(['contents', ...indexes], 'TEXT')}) with ordinality as relations (name, place) order by place`
  const withIndexes = await timeWrites(sql, count)
  for (const index of indexes) await sql`drop index ${sql(index)}`
  const without = await timeWrites(sql, count + written)
  return [
    ...sizes.map(({ bytes }) => fixed(bytes / 2 ** 20, 1)),
    fixed(withIndexes.insert, 0),
    fixed(without.insert, 0),
    fixed(withIndexes.change, 0),
    fixed(without.change, 0),
  ]
}

/** Microseconds per row, from the row numbered `first` on. */
async function timeWrites(sql: SQL, first: number): Promise<{ insert: number; change: number }> {
  const numbers = `generate_series(${first}, ${first + written - 1}) as n`
  const timed = async (statement: string) => {
    const startedAt = performance.now()
    await sql.unsafe(statement)
    return ((performance.now() - startedAt) * 1_000) / written
  }
  return {
    insert: await timed(`insert into contents (id, type, title, description)
      select ${sqlIdOf('content', 'n')}, 'movie', ${sqlText(3)}, ${sqlText(20)} from ${numbers}`),
    change: await timed(
      `update contents set description = ${sqlText(20)} from ${numbers} where id = ${sqlIdOf('content', 'n')}`,
    ),
  }
}
