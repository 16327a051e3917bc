/** `bun run bench:realtime`: `--help` says what there is; see ../README.md. */
import { readArguments, serversNamed } from '../report/arguments.ts'
import { runScenarios } from '../report/run-scenarios.ts'
import { openBench } from './bench.ts'
import { scenarios } from './scenarios/index.ts'
import { serverNames } from './servers/server.ts'

const { values, given } = readArguments('realtime', scenarios, {
  servers: {
    type: 'string',
    default: '',
    says: 'only servers whose names contain one of these words, parted by commas',
  },
})

await runScenarios({
  ...given,
  open: (directory) =>
    openBench({
      isQuick: values.quick,
      rounds: Number(values.rounds ?? (values.quick ? 1 : 3)),
      servers: serversNamed(serverNames, values.servers),
      directory,
      kafkaBrokers: process.env['KAFKA_BROKERS'],
    }),
})
