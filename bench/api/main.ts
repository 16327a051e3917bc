/** `bun run bench:api [scenario...] [--quick] [--markdown] [--rounds n] [--servers names] [--only word]`; see ../README.md. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { untilSignal } from '@mopl/infrastructure/run'
import { describeMachine } from '../report/machine.ts'
import { writeSection } from '../report/results-file.ts'
import { formatTable } from '../report/table.ts'
import { type Bench, openBench } from './bench.ts'
import { type Scenario, scenarios } from './scenarios/index.ts'
import { serverNames } from './servers.ts'

const { positionals, values, tokens } = parseArgs({
  tokens: true,
  allowPositionals: true,
  options: {
    /** A tenth of the rows and shorter: shows that everything works, and roughly how it stands. */
    quick: { type: 'boolean', default: false },
    /** Writes what is printed to bench/RESULTS.md too. */
    markdown: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    /** Those whose names contain one of these words, in any case; `bun.sql` is there too. */
    servers: { type: 'string', default: 'mopl,pg' },
    /** The operations whose names contain this. */
    only: { type: 'string', default: '' },
  },
})

if (Bun.which('wrk') === null) throw new Error('wrk makes the load: apt-get install wrk')
const chosen = (positionals.length > 0 ? positionals : Object.keys(scenarios)).map(findScenario)
const words = values.servers.toLowerCase().split(',')
const directory = mkdtempSync(join(tmpdir(), 'mopl-bench-api-'))
const bench = await openBench({
  isQuick: values.quick,
  rounds: Number(values.rounds ?? (values.quick ? 1 : 2)),
  // A full run is over in twelve minutes, the filling of its databases included.
  seconds: values.quick ? 3 : 4,
  servers: serverNames.filter((name) => words.some((word) => name.toLowerCase().includes(word))),
  only: values.only,
  directory,
  dataDir: process.env['MOPL_BENCH_DATA_DIR'] ?? join(import.meta.dir, '../../var/bench'),
})
try {
  await Promise.race([runAll(bench), untilSignal().then(() => Promise.reject(new Error('stopped by a signal')))])
} catch (error) {
  bench.progress(`${String(error)}; the logs are in ${directory}`)
  process.exitCode = 1
} finally {
  await bench.close()
}
if (process.exitCode !== 1) rmSync(directory, { recursive: true })
process.exit()

function findScenario(name: string): [string, Scenario] {
  const scenario = scenarios[name]
  if (scenario === undefined) throw new Error(`no scenario ${name}; there are ${Object.keys(scenarios).join(', ')}`)
  return [name, scenario]
}

async function runAll(bench: Bench): Promise<void> {
  for (const [name, scenario] of chosen) await run(bench, name, scenario)
}

async function run(bench: Bench, name: string, scenario: Scenario): Promise<void> {
  bench.progress(`${scenario.title} ...`)
  const table = formatTable(await scenario.run(bench))
  const source = `${new Date().toISOString().slice(0, 10)}; ${describeMachine()}. \`${commandOf(name)}\``
  console.log(`\n${scenario.title}\n\n${table}\n\n${source}\n`)
  if (values.markdown) writeSection({ id: `api/${name}`, title: scenario.title, body: `${table}\n\n${source}` })
}

/** What brings this one result again. */
function commandOf(name: string): string {
  const flags = tokens
    .filter((token) => token.kind === 'option' && token.name !== 'markdown')
    .map(({ rawName, value }) => (value === undefined ? rawName : `${rawName} ${value}`))
  return ['bun run bench:api', name, ...flags].join(' ')
}
