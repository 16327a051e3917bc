/** `bun run bench:events [scenario...] [--quick] [--markdown] [--rounds n] [--kafka apache|mock|host:port]`; see ../README.md. */
import { parseArgs } from 'node:util'
import { runScenarios } from '../report/run-scenarios.ts'
import { openBench } from './bench.ts'
import { scenarios } from './scenarios/index.ts'

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

await runScenarios({
  name: 'events',
  scenarios,
  named: positionals,
  tokens,
  writesResults: values.markdown,
  place: kafkaName(),
  open: (directory) =>
    openBench({
      isQuick: values.quick,
      rounds: Number(values.rounds ?? (values.quick ? 1 : 3)),
      directory,
      kafka: values.kafka,
    }),
})

function kafkaName(): string {
  if (values.kafka === 'apache') return 'Apache Kafka, one broker, on the same machine'
  return values.kafka === 'mock' ? 'librdkafka’s mock cluster' : `Kafka at ${values.kafka}`
}
