/** `bun run bench:events [scenario...] [--quick] [--markdown] [--rounds n] [--kafka apache|mock|host:port]`; see ../README.md. */
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

const { positionals, values, tokens } = parseArgs({
  tokens: true,
  allowPositionals: true,
  options: {
    /** A tenth of the events: shows that everything works, and roughly how it stands. */
    quick: { type: 'boolean', default: false },
    /** Writes what is printed to bench/RESULTS.md too. */
    markdown: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    /** By default a real one where Java and Maven are, and librdkafka's mock cluster elsewhere. */
    kafka: { type: 'string', default: Bun.which('java') && Bun.which('mvn') ? 'apache' : 'mock' },
  },
})

const chosen = (positionals.length > 0 ? positionals : Object.keys(scenarios)).map(findScenario)
const directory = mkdtempSync(join(tmpdir(), 'mopl-bench-events-'))
const bench = await openBench({
  isQuick: values.quick,
  rounds: Number(values.rounds ?? (values.quick ? 1 : 3)),
  directory,
  kafka: values.kafka,
})
try {
  await Promise.race([runAll(bench), untilSignal().then(() => Promise.reject(new Error('stopped by a signal')))])
} catch (error) {
  bench.progress(`${String(error)}; the logs are in ${bench.logDir}`)
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
  const source = `${new Date().toISOString().slice(0, 10)}; ${describeMachine()}; ${kafkaName()}. \`${commandOf(name)}\``
  console.log(`\n${scenario.title}\n\n${table}\n\n${source}\n`)
  if (values.markdown) writeSection({ id: `events/${name}`, title: scenario.title, body: `${table}\n\n${source}` })
}

function kafkaName(): string {
  if (values.kafka === 'apache') return 'Apache Kafka, one broker, on the same machine'
  return values.kafka === 'mock' ? 'librdkafka’s mock cluster' : `Kafka at ${values.kafka}`
}

/** What brings this one result again. */
function commandOf(name: string): string {
  const flags = tokens
    .filter((token) => token.kind === 'option' && token.name !== 'markdown')
    .map(({ rawName, value }) => (value === undefined ? rawName : `${rawName} ${value}`))
  return ['bun run bench:events', name, ...flags].join(' ')
}
