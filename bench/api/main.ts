/** `bun run bench:api`: `--help` says what there is; see ../README.md. */
import { join } from 'node:path'
import { readArguments, serversNamed } from '../report/arguments.ts'
import { runScenarios } from '../report/run-scenarios.ts'
import { openBench } from './bench.ts'
import { scenarios } from './scenarios/index.ts'
import { serverNames } from './servers.ts'

const { values, given } = readArguments('api', scenarios, {
  servers: {
    type: 'string',
    default: 'mopl,pg',
    says: 'only servers whose names contain one of these words, parted by commas; bun.sql is there too',
  },
  only: { type: 'string', default: '', says: 'only operations whose names contain this' },
})

if (Bun.which('wrk') === null) {
  console.error('wrk makes the load: apt-get install wrk')
  process.exit(1)
}
await runScenarios({
  ...given,
  open: (directory) =>
    openBench({
      isQuick: values.quick,
      rounds: Number(values.rounds ?? (values.quick ? 1 : 2)),
      // A full run is over in fourteen minutes, the filling of its databases included.
      seconds: values.quick ? 3 : 4,
      servers: serversNamed(serverNames, values.servers),
      only: values.only,
      directory,
      dataDir: process.env['MOPL_BENCH_DATA_DIR'] ?? join(import.meta.dir, '../../var/bench'),
    }),
})
