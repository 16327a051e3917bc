/** `bun run bench:api [scenario...] [--quick] [--markdown] [--rounds n] [--servers names] [--only word]`; see ../README.md. */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runScenarios } from '../report/run-scenarios.ts'
import { openBench } from './bench.ts'
import { scenarios } from './scenarios/index.ts'
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
const words = values.servers.toLowerCase().split(',')
await runScenarios({
  name: 'api',
  scenarios,
  named: positionals,
  tokens,
  writesResults: values.markdown,
  open: (directory) =>
    openBench({
      isQuick: values.quick,
      rounds: Number(values.rounds ?? (values.quick ? 1 : 2)),
      // A full run is over in twelve minutes, the filling of its databases included.
      seconds: values.quick ? 3 : 4,
      servers: serverNames.filter((name) => words.some((word) => name.toLowerCase().includes(word))),
      only: values.only,
      directory,
      dataDir: process.env['MOPL_BENCH_DATA_DIR'] ?? join(import.meta.dir, '../../var/bench'),
    }),
})
