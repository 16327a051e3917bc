/** The command line of a single run. */
import { parseArgs } from 'node:util'
import { complaint } from './command-line.ts'
import { isJobName, jobNames, jobs, type JobName } from './jobs/index.ts'

export type Command = { job: JobName; dryRun: boolean; json: boolean }

export const usage = [
  'usage: bun run batch:<job> [--dry-run] [--json]',
  '',
  ...jobNames.map((name) => `  ${name.padEnd(18)} ${jobs[name].summary}`),
  '',
  '  --dry-run          count, and change nothing',
  '  --json             the summary as one line of JSON',
  '',
  'Reads DATABASE_URL, REDIS_URL, and MEDIA_DIR or S3_URL from the environment; exits 0 when done, 1 when not,',
  '2 on a bad argument or where the key to a source is missing.',
].join('\n')

/** What is asked for, or `help`, or one sentence that says what is wrong with it. */
export function parseCommand(args: string[]): Command | 'help' | (string & {}) {
  const parsed = parse(args)
  if (typeof parsed === 'string') return parsed
  const { values, positionals } = parsed
  if (values.help) return 'help'
  const [job, ...rest] = positionals
  if (job === undefined) return 'no job named'
  if (rest.length > 0) return 'one job at a time'
  if (!isJobName(job)) return 'no such job'
  return { job, dryRun: values['dry-run'], json: values.json }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        'dry-run': { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    if (error instanceof TypeError) return complaint(error)
    throw error
  }
}
