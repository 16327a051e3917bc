/**
 * `bin/test [--apache-kafka] [filter...]`: starts what the tests need, runs them, says what they cover, and takes
 * everything down. With `--apache-kafka` the tests that face Kafka, or those of the filter, run against a real one.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { untilSignal } from '@mopl/infrastructure/run'
import { startApacheKafka } from './apache-kafka.ts'
import { buildBundles, root } from './bundles.ts'
import { coverageTable, measureCoverage } from './coverage.ts'
import { externalFrom, openDependencies, type Dependencies, type External } from './dependencies.ts'
import type { RunningProcess } from './processes.ts'
import { countTests, summaryLine } from './summary.ts'

const minimumCoverage = 85
/** The test files that run against any Kafka; they are the ones worth repeating on a real one. */
const kafkaTests = '.kafka.test.ts'

const directory = join(root, 'var', `test-${process.pid}`)
const logDir = join(directory, 'log')
const say = (line: string) => console.log(line)

const { values, positionals } = parseArgs({
  options: { 'apache-kafka': { type: 'boolean', default: false } },
  allowPositionals: true,
})
const onRealKafka = values['apache-kafka']
const filters = onRealKafka && positionals.length === 0 ? [kafkaTests] : positionals
const processes: RunningProcess[] = []
const giveUp = new AbortController()
void untilSignal().then((signal) => giveUp.abort(new Error(`stopped by ${signal}`)))

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  finish(1)
} finally {
  await Promise.all(processes.map((each) => each.stop()))
  if (process.exitCode === 0 || giveUp.signal.aborted) rmSync(directory, { recursive: true, force: true })
}

async function main(): Promise<void> {
  const built = await buildBundles()
  if (built.length > 0) say(`built ${built.join(', ')}`)
  const dependencies = await open()
  giveUp.signal.throwIfAborted()
  const exitCode = await runTests(dependencies)
  giveUp.signal.throwIfAborted()
  const isCovered = filters.length > 0 || (await reportCoverage())
  const report = join(directory, 'junit.xml')
  const counts = countTests(existsSync(report) ? readFileSync(report, 'utf8') : '')
  const hasPassed = exitCode === 0 && isCovered && counts.failed === 0 && counts.passed > 0
  if (!hasPassed) say(`the logs and data of this run are in ${directory}`)
  // A file that does not load, or an error after the last test, fails the run without a test to blame.
  const failed = hasPassed ? 0 : Math.max(counts.failed, 1)
  finish(hasPassed ? 0 : 1)
  say(summaryLine({ ...counts, failed }))
}

async function open(): Promise<Dependencies> {
  const external: External = externalFrom(process.env)
  if (onRealKafka && external.kafkaBrokers === undefined) {
    const kafka = await startApacheKafka({ dataDir: join(directory, 'apache-kafka'), logDir })
    processes.push(kafka.process)
    say('Apache Kafka is up')
    external.kafkaBrokers = kafka.brokers
  }
  return openDependencies({
    dataDir: directory,
    logDir,
    external,
    isDurable: false,
    onProgress: say,
    onStarted: (started) => processes.push(started),
    signal: giveUp.signal,
  })
}

/** @returns the exit code of `bun test` */
async function runTests({ databaseUrl, redisUrl, kafkaBrokers }: Dependencies): Promise<number> {
  const environment = { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, KAFKA_BROKERS: kafkaBrokers }
  say(
    Object.entries(environment)
      .map(([name, value]) => `${name}=${value}`)
      .join(' '),
  )
  const reporting = ['--reporter=junit', `--reporter-outfile=${join(directory, 'junit.xml')}`]
  const covering = ['--coverage', '--coverage-reporter=lcov', `--coverage-dir=${join(directory, 'coverage')}`]
  // --no-orphans: whatever a test started ends with the run.
  const command = [
    process.execPath,
    'test',
    '--no-orphans',
    '--timeout=60000',
    ...reporting,
    ...(filters.length > 0 ? [] : covering),
    ...filters,
  ]
  const tests = Bun.spawn(command, {
    cwd: root,
    env: { ...process.env, ...environment, NODE_V8_COVERAGE: join(directory, 'v8') },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  giveUp.signal.addEventListener('abort', () => tests.kill())
  return tests.exited
}

/** Prints the table and answers whether it is good enough. */
async function reportCoverage(): Promise<boolean> {
  const coverage = await measureCoverage({
    bunLcov: join(directory, 'coverage/lcov.info'),
    v8Dir: join(directory, 'v8'),
  })
  const { table, percent } = coverageTable(coverage)
  say(`\n${table}\n`)
  if (percent < minimumCoverage) say(`coverage is under ${minimumCoverage} % of lines`)
  return percent >= minimumCoverage
}

function finish(exitCode: number): void {
  process.exitCode = exitCode
}
