/**
 * What a keyword search costs with ever more contents, by how often the keyword occurs: one request after another for the
 * first page and the total. Every search is the same one, and none is cached.
 */
import { fixed, type Table } from '../../report/table.ts'
import type { Bench } from '../bench.ts'
import { measure, warmUp } from '../measure.ts'
import { keywordSearch, type Operation } from '../operations.ts'
import type { Server } from '../servers.ts'
import { type Size, textOnly } from '../seed.ts'
import { words } from '../words.ts'
import type { Scenario } from './index.ts'

const [frequent = '', rare = ''] = [words[0], words.at(-1)]
const keywords = {
  'frequent word': frequent,
  'word of middling frequency': words[Math.floor(words.length / 2)] ?? '',
  'rare word': rare,
  'two words': `${rare} ${frequent}`,
  'word that does not occur': '힣힢',
  'frequent character': frequent.slice(0, 1),
  'character that does not occur': '힣',
}

const columns = ['contents', 'keyword', 'found', 'p50 ms', 'p99 ms', 'api CPU µs', 'PostgreSQL CPU µs', 'failed']

export const keywordCost: Scenario = {
  title: 'REST: the cost of a keyword search, by the number of contents',
  async run(bench): Promise<Table> {
    const counts = bench.isQuick ? [1_000, 10_000] : [1_000, 100_000, 1_000_000]
    const rows: string[][] = []
    for (const count of counts) rows.push(...(await measureAt(bench, textOnly(count))))
    return { columns, rows }
  },
}

async function measureAt(bench: Bench, size: Size): Promise<string[][]> {
  const api = await bench.start('Mopl', size)
  try {
    const rows: string[][] = []
    for (const [kind, keyword] of Object.entries(keywords))
      rows.push([String(size.contents), kind, ...(await measureKeyword(bench, api, size, keyword))])
    return rows
  } finally {
    await api.stop()
  }
}

async function measureKeyword(bench: Bench, api: Server, size: Size, keyword: string): Promise<string[]> {
  const search: Operation = {
    name: keyword,
    connections: 1,
    requests: ({ tokens }) => tokens.map((token) => ({ path: keywordSearch(keyword), token })),
  }
  const found = await countFound(api, keyword, bench.tokens[0] ?? '')
  await warmUp(bench, api, search, size)
  const { p50, p99, serverCpu, postgresCpu, failed } = await measure(bench, api, { operation: search, size })
  bench.progress(`  ${keyword} among ${size.contents}: ${fixed(p50, 2)} ms`)
  return [String(found), fixed(p50, 2), fixed(p99, 2), fixed(serverCpu, 0), fixed(postgresCpu, 0), String(failed)]
}

async function countFound(api: Server, keyword: string, token: string): Promise<number> {
  const answer = await fetch(api.url + keywordSearch(keyword), { headers: { authorization: `Bearer ${token}` } })
  const { totalCount } = (await answer.json()) as { totalCount: number }
  return totalCount
}
