/** Mopl beside the least that the same work can cost, in the same run. */
import { fixed, type Table } from '../report/table.ts'
import type { Report } from './programs/report.ts'

/** Each measured several times, in turn; the median counts. */
export function compare(names: readonly [string, string], bare: readonly Report[], mopl: readonly Report[]): Table {
  const [least, own] = [summarise(bare), summarise(mopl)]
  return {
    columns: ['', 'events', 'events/s', 'CPU µs/event', 'of the bare rate'],
    rows: [
      [names[0], String(bare[0]?.events ?? 0), fixed(least.rate, 0), fixed(least.cpu, 1), ''],
      [names[1], String(mopl[0]?.events ?? 0), fixed(own.rate, 0), fixed(own.cpu, 1), fixed(own.rate / least.rate, 2)],
    ],
  }
}

function summarise(reports: readonly Report[]): { rate: number; cpu: number } {
  return {
    rate: median(reports.map(({ events, seconds }) => events / seconds)),
    cpu: median(reports.map(({ events, cpuMicros }) => cpuMicros / events)),
  }
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
