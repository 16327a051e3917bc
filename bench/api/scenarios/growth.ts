/** The same requests to the api on databases of different sizes, one after another on a single connection. */
import { fixed, type Table } from '../../report/table.ts'
import type { Bench } from '../bench.ts'
import { measure, summarise, warmUp } from '../measure.ts'
import { operations } from '../operations.ts'
import type { Size } from '../seed.ts'

const columns = ['operation', 'rows', 'p50 ms', 'p99 ms', 'api CPU µs', 'PostgreSQL CPU µs', 'failed']

export async function growth(bench: Bench, names: readonly string[], rowCounts: readonly number[]): Promise<Table> {
  const rows: string[][] = []
  for (const count of rowCounts) rows.push(...(await measureAt(bench, names, count)))
  const sameOperation = ([one = '']: string[], [other = '']: string[]) => names.indexOf(one) - names.indexOf(other)
  return { columns, rows: rows.toSorted(sameOperation) }
}

async function measureAt(bench: Bench, names: readonly string[], count: number): Promise<string[][]> {
  // Reviews are as many as contents, but for the size that the other scenarios have filled already.
  const size: Size = { contents: count, reviews: Math.min(count * 10, 1_000_000), users: 50_000 }
  const api = await bench.start('Mopl', size)
  try {
    const rows: string[][] = []
    for (const operation of operations.filter(({ name }) => names.includes(name))) {
      const alone = { ...operation, connections: 1 }
      await warmUp(bench, api, alone, size)
      const measurements = []
      for (let round = 0; round < bench.rounds; round++)
        measurements.push(await measure(bench, api, { operation: alone, size }))
      const { p50, p99, serverCpu, postgresCpu, failed } = summarise(measurements)
      bench.progress(`  ${operation.name} of ${count}: ${fixed(p50, 2)} ms`)
      const cells = [fixed(p50, 2), fixed(p99, 2), fixed(serverCpu, 0), fixed(postgresCpu, 0), String(failed)]
      rows.push([operation.name, String(count), ...cells])
    }
    return rows
  } finally {
    await api.stop()
  }
}
