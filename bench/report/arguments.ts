/** The command lines of the benchmarks: `--help` says what there is, and what is not is one sentence and exit code 2. */
import { parseArgs } from 'node:util'

type Scenarios = Record<string, { title: string }>
type Option = { type: 'boolean' | 'string'; default?: boolean | string; says: string }

/** What every benchmark takes. `rounds` is a positive whole number. */
const common = {
  quick: {
    type: 'boolean',
    default: false,
    says: 'smaller and shorter: shows that it works, and roughly how it stands',
  },
  markdown: { type: 'boolean', default: false, says: 'write what is printed to bench/RESULTS.md too' },
  rounds: { type: 'string', says: 'measure so many times; medians count' },
  help: { type: 'boolean', default: false, says: 'print this' },
} as const satisfies Record<string, Option>

/** What was asked for; `given` is for `runScenarios`. Ends the process after `--help`, and with 2 when something is asked for that there is not. */
export function readArguments<S extends Scenarios, const O extends Record<string, Option>>(
  name: string,
  scenarios: S,
  own: O,
) {
  const options = { ...own, ...common }
  const end = (code: number, ...lines: string[]): never => {
    ;(code === 0 ? console.log : console.error)([...lines, usage(name, scenarios, options)].join('\n\n'))
    process.exit(code)
  }
  try {
    const { positionals, values, tokens } = parseArgs({ tokens: true, allowPositionals: true, options })
    const { help, markdown, rounds } = values as { help?: boolean; markdown?: boolean; rounds?: string }
    const unknown = positionals.find((scenario) => !Object.hasOwn(scenarios, scenario))
    if (help === true) return end(0)
    if (unknown !== undefined) return end(2, `there is no scenario ${unknown}`)
    if (rounds !== undefined && !/^[1-9]\d*$/.test(rounds)) return end(2, '--rounds takes a positive number')
    return { values, given: { name, scenarios, named: positionals, tokens, writesResults: markdown === true } }
  } catch (error) {
    return end(2, error instanceof Error ? error.message : String(error))
  }
}

/** The servers whose names contain one of the words, in any case; `words` are parted by commas. */
export function serversNamed<N extends string>(names: readonly N[], words: string): N[] {
  return names.filter((name) =>
    words
      .toLowerCase()
      .split(',')
      .some((word) => name.toLowerCase().includes(word)),
  )
}

function usage(name: string, scenarios: Scenarios, options: Record<string, Option>): string {
  const lines = (rows: [string, string][]) => {
    const width = Math.max(...rows.map(([left]) => left.length))
    return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
  }
  return [
    `usage: bun run bench:${name} [scenario...] [options]`,
    '',
    'scenarios (all of them, when none is named):',
    ...lines(Object.entries(scenarios).map(([scenario, { title }]) => [scenario, title])),
    '',
    'options:',
    ...lines(
      Object.entries(options).map(([option, { type, says }]) => [`--${option}${type === 'string' ? ' …' : ''}`, says]),
    ),
  ].join('\n')
}
