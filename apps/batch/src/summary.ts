/** What a run changed, for a person, for a log, or for a script. */
import type { Command } from './command.ts'
import type { Outcome } from './metrics.ts'
import type { Counts, Detail } from './tally.ts'

export type Run = Command & { outcome: Outcome; seconds: number; counts: Counts; details: readonly Detail[] }

export function summarise(run: Run, isTerminal: boolean): string {
  const { json, job, dryRun, outcome, seconds, counts, details } = run
  if (json) return JSON.stringify({ job, outcome, dryRun, seconds: Number(seconds.toFixed(3)), counts, details })
  const title = `${job} ${outcome} in ${seconds.toFixed(1)} s${dryRun ? ', dry run: nothing was changed' : ''}`
  const plain = Object.entries(counts).map(([kind, count]) => `${kind} ${count}`)
  if (!isTerminal) return [title, ...plain, ...details.map((detail) => told(detail, String))].join('\n')
  const rows = Object.entries(counts).map(([kind, count]) => [kind, grouped(count)] as const)
  const width = Math.max(0, ...rows.map(([kind]) => kind.length))
  const digits = Math.max(0, ...rows.map(([, count]) => count.length))
  const table = rows.map(([kind, count]) => `  ${kind.padEnd(width)}  ${count.padStart(digits)}`)
  return [title, ...table, ...details.map((detail) => `  ${told(detail, grouped)}`)].join('\n')
}

/** `index ix_contents_bigrams, bytes 1,024` */
function told(detail: Detail, number: (value: number) => string): string {
  const parts = Object.entries(detail).map(
    ([name, value]) => `${name} ${typeof value === 'number' ? number(value) : value}`,
  )
  return parts.join(', ')
}

function grouped(value: number): string {
  return value.toLocaleString('en-US')
}
