/** What every benchmark's command does: the scenarios that were named run one after the other, and each says what it measured. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { untilSignal } from '@mopl/infrastructure/run'
import { describeMachine } from './machine.ts'
import { writeSection } from './results-file.ts'
import { formatTable, type Table } from './table.ts'

/** Runs alone on the machine, bounded in time, and says what it measured. */
export type Scenario<B> = { title: string; run(bench: B): Promise<Table> }

type Opened = { progress(line: string): void; close(): Promise<void> }
type Token = { kind: string; name?: string; rawName?: string; value?: string | undefined }

export type Command<B> = {
  /** Of `bun run bench:<name>`, and of its sections in RESULTS.md. */
  name: string
  scenarios: Record<string, Scenario<B>>
  /** All of them, when none is named. */
  named: readonly string[]
  /** The command line, as `parseArgs` has it. */
  tokens: readonly Token[]
  /** Writes what is printed to bench/RESULTS.md too. */
  writesResults: boolean
  /** Where it ran, besides the machine. */
  place?: string
  /** @param directory for logs and data; it stays when something goes wrong */
  open(directory: string): Promise<B>
}

/** Ends the process: with 1 when something went wrong. */
export async function runScenarios<B extends Opened>(command: Command<B>): Promise<never> {
  const { name, scenarios, named } = command
  const chosen = Object.entries(scenarios).filter(([scenario]) => named.length === 0 || named.includes(scenario))
  const directory = mkdtempSync(join(tmpdir(), `mopl-bench-${name}-`))
  const bench = await command.open(directory)
  try {
    await Promise.race([
      runAll(bench, command, chosen),
      untilSignal().then(() => Promise.reject(new Error('stopped by a signal'))),
    ])
  } catch (error) {
    bench.progress(`${String(error)}; the logs are in ${join(directory, 'log')}`)
    process.exitCode = 1
  } finally {
    await bench.close()
  }
  if (process.exitCode !== 1) rmSync(directory, { recursive: true })
  process.exit()
}

async function runAll<B extends Opened>(
  bench: B,
  command: Command<B>,
  chosen: readonly [string, Scenario<B>][],
): Promise<void> {
  for (const [name, scenario] of chosen) {
    bench.progress(`${scenario.title} ...`)
    const table = formatTable(await scenario.run(bench))
    const place = [describeMachine(), ...(command.place === undefined ? [] : [command.place])].join('; ')
    const source = `${new Date().toISOString().slice(0, 10)}; ${place}. \`${commandLine(command, name)}\``
    console.log(`\n${scenario.title}\n\n${table}\n\n${source}\n`)
    const section = { id: `${command.name}/${name}`, title: scenario.title, body: `${table}\n\n${source}` }
    if (command.writesResults) writeSection(section)
  }
}

/** What brings this one result again. */
function commandLine<B>({ name, tokens }: Command<B>, scenario: string): string {
  const flags = tokens
    .filter((token) => token.kind === 'option' && token.name !== 'markdown')
    .map(({ rawName, value }) => (value === undefined ? rawName : `${rawName} ${value}`))
  return [`bun run bench:${name}`, scenario, ...flags].join(' ')
}
