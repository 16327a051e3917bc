/** What one list costs with ever more rows in its table: one request after another on a single connection. */
import { fixed } from '../../report/table.ts'
import type { Bench } from '../bench.ts'
import { measure, warmUp } from '../measure.ts'
import { operations } from '../operations.ts'
import type { Size } from '../seed.ts'
import type { Scenario } from './index.ts'

const lists = [
  'contents by createdAt',
  'contents by watcherCount',
  'contents by rate',
  'contents of a type',
  'all reviews',
]
const columns = ['operation', 'rows', 'p50 ms', 'p99 ms', 'api CPU µs', 'PostgreSQL CPU µs', 'failed']

export const listCost: Scenario = {
  title: 'REST: the cost of a page, by the number of rows in the table',
  async run(bench) {
    const rows: string[][] = []
    for (const count of bench.isQuick ? [1_000, 10_000] : [10_000, 100_000, 1_000_000])
      rows.push(...(await measureAt(bench, count)))
    const sameOperation = ([one = '']: string[], [other = '']: string[]) => lists.indexOf(one) - lists.indexOf(other)
    return { columns, rows: rows.toSorted(sameOperation) }
  },
}

async function measureAt(bench: Bench, count: number): Promise<string[][]> {
  // Of 100,000 the one that `operations` has filled already.
  const size: Size = { contents: count, reviews: Math.min(count * 10, 1_000_000), users: 50_000 }
  const api = await bench.start('Mopl', size)
  try {
    const rows: string[][] = []
    for (const operation of operations.filter(({ name }) => lists.includes(name))) {
      const alone = { ...operation, connections: 1 }
      await warmUp(bench, api, alone, size)
      const { p50, p99, serverCpu, postgresCpu, failed } = await measure(bench, api, { operation: alone, size })
      bench.progress(`  ${operation.name} of ${count}: ${fixed(p50, 2)} ms`)
      const cells = [fixed(p50, 2), fixed(p99, 2), fixed(serverCpu, 0), fixed(postgresCpu, 0), String(failed)]
      rows.push([operation.name, String(count), ...cells])
    }
    return rows
  } finally {
    await api.stop()
  }
}
