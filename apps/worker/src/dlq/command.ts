/** The command line of the dead letter tool. */
import { parseArgs } from 'node:util'
import { topics } from '@mopl/contracts/topics'
import { type DeadLetter, sourceOf } from './letter.ts'

export type Verb = 'list' | 'show' | 'redrive' | 'discard'
export type Command = {
  verb: Verb
  /** What is asked for, by id or by filters. */
  isWanted: (letter: DeadLetter, now: Date) => boolean
  /** Letters named one by one; each of them must be there. */
  ids: readonly string[]
  ratePerSecond: number
  dryRun: boolean
  json: boolean
}

const verbs: Record<Verb, string> = {
  list: 'the dead letters that wait for a decision, oldest first',
  show: 'one or more of them whole: headers and value',
  redrive: 'puts them back into the topic they came from, with the same key and event id',
  discard: 'gives them up; they stay in their topic with a note',
}

export const usage = [
  'usage: bun run worker:dlq <verb> [id...] [options]',
  '',
  ...Object.entries(verbs).map(([verb, summary]) => `  ${verb.padEnd(18)} ${summary}`),
  '',
  '  --topic <name>     that came from this topic, or lie in this dead letter topic',
  '  --error <text>     whose error contains this, in any case',
  '  --older-than <age> that died longer ago than 90s, 15m, 2h or 3d',
  '  --newer-than <age> that died since',
  '  --all              redrive, discard: every one, where neither ids nor filters are given',
  '  --rate <number>    redrive: at most so many a second (default 100)',
  '  --dry-run          redrive, discard: say what would be done, and change nothing',
  '  --json             list, show: one line of JSON for each; redrive, discard: one line for all',
  '',
  'Reads KAFKA_BROKERS and KAFKA_TOPIC_PREFIX from the environment. Exits 0 when done, 1 when not, 2 on a bad argument.',
].join('\n')

/** What is asked for, or `help`, or one sentence that says what is wrong with it. */
export function parseCommand(args: string[]): Command | 'help' | (string & {}) {
  const parsed = parse(args)
  if (typeof parsed === 'string') return parsed
  const { values, positionals } = parsed
  if (values.help) return 'help'
  const [verb, ...ids] = positionals
  if (verb === undefined) return 'no verb'
  if (!isVerb(verb)) return `no such verb: ${verb}`

  const { topic, error, 'older-than': olderThan, 'newer-than': newerThan, all, 'dry-run': dryRun, json } = values
  if (topic !== undefined && !isTopic(topic)) return `no such topic; there are ${Object.values(topics).join(', ')}`
  const [minAgeMs, maxAgeMs] = [toMilliseconds(olderThan ?? '0s'), toMilliseconds(newerThan ?? '36500d')]
  if (minAgeMs === undefined || maxAgeMs === undefined) return 'an age is a number and a unit: 90s, 15m, 2h, 3d'
  const ratePerSecond = Number(values.rate)
  if (!Number.isInteger(ratePerSecond) || ratePerSecond < 1) return '--rate must be a whole number, 1 or more'

  const hasFilter = [topic, error, olderThan, newerThan].some((filter) => filter !== undefined)
  if (verb === 'list' && ids.length > 0) return 'list takes filters, not ids'
  if (verb === 'show' && ids.length === 0) return 'show takes ids, which list tells'
  if (ids.length > 0 && (hasFilter || all)) return 'ids or filters, not both'
  const changes = verb === 'redrive' || verb === 'discard'
  if (changes && ids.length === 0 && !hasFilter && !all) return `${verb} takes ids, filters or --all`

  const wantedIds = new Set(ids)
  const text = error?.toLowerCase()
  const isWanted = (letter: DeadLetter, now: Date) => {
    if (wantedIds.size > 0) return wantedIds.has(letter.id)
    const ageMs = now.getTime() - letter.diedAt.getTime()
    return (
      (topic === undefined || letter.topic === topic || letter.message.topic === topic) &&
      (text === undefined || letter.error.toLowerCase().includes(text)) &&
      ageMs >= minAgeMs &&
      ageMs <= maxAgeMs
    )
  }
  return { verb, isWanted, ids, ratePerSecond, dryRun, json }
}

function isVerb(word: string): word is Verb {
  return Object.hasOwn(verbs, word)
}

function isTopic(name: string): boolean {
  return (Object.values(topics) as string[]).includes(name) || sourceOf(name) !== undefined
}

const unitMs: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function toMilliseconds(age: string): number | undefined {
  const [, number, unit = ''] = /^(\d+)([smhd])$/.exec(age) ?? []
  return number === undefined ? undefined : Number(number) * (unitMs[unit] ?? Number.NaN)
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        topic: { type: 'string' },
        error: { type: 'string' },
        'older-than': { type: 'string' },
        'newer-than': { type: 'string' },
        all: { type: 'boolean', default: false },
        rate: { type: 'string', default: '100' },
        'dry-run': { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    if (error instanceof TypeError) return error.message
    throw error
  }
}
