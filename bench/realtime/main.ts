/** `bun run bench:realtime [scenario...] [--quick] [--markdown] [--rounds n] [--servers name,name]` */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { describeMachine } from '../report/machine.ts'
import { writeSection } from '../report/results-file.ts'
import { formatTable } from '../report/table.ts'
import { type Bench, openBench } from './bench.ts'
import { scenarios } from './scenarios/index.ts'
import { serverNames } from './servers/server.ts'

const { positionals, values, tokens } = parseArgs({
  tokens: true,
  allowPositionals: true,
  options: {
    /** Smaller and shorter: shows that everything works, and roughly how it stands. */
    quick: { type: 'boolean', default: false },
    /** Writes what is printed to bench/RESULTS.md too. */
    markdown: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    /** Those whose names contain one of these words, in any case. */
    servers: { type: 'string', default: '' },
  },
})

const flags = tokens
  .filter((token) => token.kind === 'option' && token.name !== 'markdown')
  .map(({ rawName, value }) => (value === undefined ? rawName : `${rawName} ${value}`))
const directory = mkdtempSync(join(tmpdir(), 'mopl-bench-'))
const names = positionals.length > 0 ? positionals : Object.keys(scenarios)
const words = values.servers.toLowerCase().split(',')
const bench = await openBench({
  isQuick: values.quick,
  rounds: Number(values.rounds ?? (values.quick ? 1 : 3)),
  servers: serverNames.filter((name) => words.some((word) => name.toLowerCase().includes(word))),
  directory,
  kafkaBrokers: process.env['KAFKA_BROKERS'],
})
try {
  for (const name of names) await run(bench, name)
} catch (error) {
  bench.progress(`the logs are in ${bench.logDir}`)
  throw error
} finally {
  await bench.close()
}
rmSync(directory, { recursive: true })

async function run(bench: Bench, name: string): Promise<void> {
  const scenario = scenarios[name]
  if (scenario === undefined) throw new Error(`no scenario ${name}; there are ${Object.keys(scenarios).join(', ')}`)
  bench.progress(`${scenario.title} ...`)
  const table = formatTable(await scenario.run(bench))
  const command = `bun run bench:realtime ${[name, ...flags].join(' ')}`
  const source = `${new Date().toISOString().slice(0, 10)}; ${describeMachine()}. \`${command}\``
  console.log(`\n${scenario.title}\n\n${table}\n\n${source}\n`)
  if (values.markdown) writeSection({ id: `realtime/${name}`, title: scenario.title, body: `${table}\n\n${source}` })
}
