/** `bun run bench:realtime`: `--help` says what there is; see ../README.md. */
import { readArguments } from '../report/arguments.ts'
import { runScenarios } from '../report/run-scenarios.ts'
import { openBench } from './bench.ts'
import { scenarios } from './scenarios/index.ts'
import { serverNames } from './servers/server.ts'

const { positionals, values, tokens } = readArguments('realtime', scenarios, {
  servers: {
    type: 'string',
    default: '',
    says: 'only servers whose names contain one of these words, parted by commas',
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
