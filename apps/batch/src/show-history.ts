/** `bun run batch:history [job] [--limit 20] [--json]`: the latest runs, newest first. */
import { parseArgs } from 'node:util'
import { PostgresEnv, readEnv } from '@mopl/infrastructure/config'
import { createLog } from '@mopl/infrastructure/log'
import { openPostgres } from '@mopl/infrastructure/postgres'
import type { Resources } from '@mopl/infrastructure/resources'
import { complaint, type ExitCode, runCommand } from './command-line.ts'
import { historyJson, historyTable } from './history-table.ts'
import { listRuns } from './history.ts'
import { isJobName, jobNames } from './jobs/index.ts'

const usage = `usage: bun run batch:history [${jobNames.join('|')}] [--limit 20] [--json]`

type Question = { job: string | undefined; limit: number; json: boolean }

async function main(args: string[]): Promise<ExitCode> {
  const question = parse(args)
  if (question === 'help') {
    console.log(usage)
    return 0
  }
  if (typeof question === 'string') {
    console.error(`${question}\n\n${usage}`)
    return 2
  }
  return runCommand((resources) => show(question, resources))
}

async function show({ json, ...question }: Question, resources: Resources): Promise<0> {
  const { DATABASE_URL: url } = readEnv(PostgresEnv)
  const log = createLog('batch', 'silent')
  const { db } = resources.use('postgres', openPostgres({ url, poolSize: 1, application: 'batch-history', log }))
  const runs = await listRuns(db, question)
  if (runs.length > 0) console.log(json ? historyJson(runs) : historyTable(runs))
  else if (!json) console.log('no run yet')
  return 0
}

/** What is asked for, or `help`, or one sentence that says what is wrong with it. */
function parse(args: string[]): Question | 'help' | (string & {}) {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        limit: { type: 'string', default: '20' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    if (values.help) return 'help'
    const [job, ...rest] = positionals
    if (rest.length > 0) return 'one job at a time'
    if (job !== undefined && !isJobName(job)) return 'no such job'
    if (!/^[1-9]\d{0,3}$/.test(values.limit)) return '--limit must be a number from 1 to 9999'
    return { job, limit: Number(values.limit), json: values.json }
  } catch (error) {
    if (error instanceof TypeError) return complaint(error)
    throw error
  }
}

process.exitCode = await main(process.argv.slice(2))
