/** What a run changed, for a person, for a log, or for a script. */
import type { Command } from './command.ts'
import type { Outcome } from './metrics.ts'
import type { Counts } from './tally.ts'

export type Run = Command & { outcome: Outcome; seconds: number; counts: Counts }

export function summarise(run: Run, isTerminal: boolean): string {
  const { json, job, dryRun, outcome, seconds, counts } = run
  if (json) return JSON.stringify({ job, outcome, dryRun, seconds: Number(seconds.toFixed(3)), counts })
  const title = `${job} ${outcome} in ${seconds.toFixed(1)} s${dryRun ? ', dry run: nothing was changed' : ''}`
  if (!isTerminal) return [title, ...Object.entries(counts).map(([kind, count]) => `${kind} ${count}`)].join('\n')
  const rows = Object.entries(counts).map(([kind, count]) => [kind, count.toLocaleString('en-US')] as const)
  const width = Math.max(0, ...rows.map(([kind]) => kind.length))
  const digits = Math.max(0, ...rows.map(([, count]) => count.length))
  return [title, ...rows.map(([kind, count]) => `  ${kind.padEnd(width)}  ${count.padStart(digits)}`)].join('\n')
}
