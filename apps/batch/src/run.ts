/** The form that runs one job once and exits: `bun apps/batch/src/run.ts cleanup --dry-run`. */
import { readEnv } from '@mopl/infrastructure/config'
import { createLog } from '@mopl/infrastructure/log'
import { untilRedisReady } from '@mopl/infrastructure/redis'
import type { Resources } from '@mopl/infrastructure/resources'
import { type ExitCode, runCommand } from './command-line.ts'
import { type Command, parseCommand, usage } from './command.ts'
import { BatchEnv, openBatch } from './environment.ts'
import { jobs } from './jobs/index.ts'
import { terminalProgress } from './progress.ts'
import { runJob } from './run-job.ts'
import { summarise } from './summary.ts'
import { Tally } from './tally.ts'

async function main(args: string[]): Promise<ExitCode> {
  const command = parseCommand(args)
  if (command === 'help') {
    console.log(usage)
    return 0
  }
  if (typeof command === 'string') {
    console.error(`${command}\n\n${usage}`)
    return 2
  }
  return runCommand(async (resources) => {
    const env = readEnv(BatchEnv)
    const missing = jobs[command.job].missing?.(env)
    if (missing === undefined) return run(command, env, resources)
    console.error(missing)
    return 2
  })
}

async function run(command: Command, env: BatchEnv, resources: Resources): Promise<0 | 1> {
  const { job, dryRun } = command
  const { deps } = openBatch(env, createLog('batch', 'silent'), resources)
  const interrupt = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort())
  const progress = terminalProgress(process.stderr)
  const tally = new Tally(progress.show)
  const startedAt = performance.now()
  try {
    await untilRedisReady(deps.redis, 2_000).catch(() => {
      throw new Error('Redis (REDIS_URL) does not answer; start it and run this again')
    })
    const outcome = await runJob(deps, job, { dryRun, tally, signal: interrupt.signal })
    progress.clear()
    if (outcome === 'elsewhere') console.error(`${job} is running elsewhere; nothing was done here`)
    if (outcome === 'interrupted') console.error(`${job} was interrupted; run it again to go on`)
    const seconds = (performance.now() - startedAt) / 1_000
    const { counts, details } = tally
    console.log(summarise({ ...command, outcome, seconds, counts, details }, process.stdout.isTTY))
    return outcome === 'succeeded' ? 0 : 1
  } catch (error) {
    progress.clear()
    if (Object.keys(tally.counts).length > 0) console.error(`${job} stopped half-way: ${JSON.stringify(tally.counts)}`)
    throw error
  }
}

process.exitCode = await main(process.argv.slice(2))
