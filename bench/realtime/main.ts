/** `bun run bench:realtime [scenario...] [--quick] [--markdown] [--rounds n] [--servers name,name]`; see README.md. */
import { parseArgs } from 'node:util'
import { runScenarios } from '../report/run-scenarios.ts'
import { openBench } from './bench.ts'
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

const words = values.servers.toLowerCase().split(',')
await runScenarios({
  name: 'realtime',
  scenarios,
  named: positionals,
  tokens,
  writesResults: values.markdown,
  open: (directory) =>
    openBench({
      isQuick: values.quick,
      rounds: Number(values.rounds ?? (values.quick ? 1 : 3)),
      servers: serverNames.filter((name) => words.some((word) => name.toLowerCase().includes(word))),
      directory,
      kafkaBrokers: process.env['KAFKA_BROKERS'],
    }),
})
