/** Runs for a person or for a script. */
import type { Run } from './history.ts'
import { timezone } from './jobs/job.ts'

/** One line per run: start in Seoul, job, outcome, duration, and what was changed or why it failed. */
export function historyTable(runs: readonly Run[]): string {
  const rows = runs.map((run) => [inSeoul(run.startedAt), run.job, run.outcome, duration(run), whatCameOfIt(run)])
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')).join('\n')
}

/** One line of JSON per run, times in UTC. */
export function historyJson(runs: readonly Run[]): string {
  return runs.map((run) => JSON.stringify(run)).join('\n')
}

/** `2026-03-02 04:30:00`: Sweden writes dates as ISO 8601 does. */
function inSeoul(at: Date): string {
  return at.toLocaleString('sv-SE', { timeZone: timezone })
}

function duration({ startedAt, endedAt }: Run): string {
  return endedAt === null ? '-' : `${((endedAt.getTime() - startedAt.getTime()) / 1_000).toFixed(1)} s`
}

function whatCameOfIt({ counts, reason }: Run): string {
  const changed = Object.entries(counts).filter(([, count]) => count > 0)
  const told = changed.map(([kind, count]) => `${kind} ${count.toLocaleString('en-US')}`)
  return [...(reason === null ? [] : [reason]), ...told].join(', ')
}
