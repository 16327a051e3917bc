/** `bun run bench:events`: `--help` says what there is; see ../README.md. */
import { readArguments } from '../report/arguments.ts'
import { runScenarios } from '../report/run-scenarios.ts'
import { openBench } from './bench.ts'
import { scenarios } from './scenarios/index.ts'

const { values, given } = readArguments('events', scenarios, {
  kafka: {
    type: 'string',
    default: Bun.which('java') && Bun.which('mvn') ? 'apache' : 'mock',
    says: 'apache (where Java and Maven are), mock (librdkafka’s), or the address of a running one',
  },
})

await runScenarios({
  ...given,
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
