import { expect, test } from 'bun:test'
import { cpuMicros, residentBytes } from './proc.ts'

test('CPU time is that of the process, in microseconds', () => {
  const [before, own] = [cpuMicros(process.pid), process.cpuUsage()]
  const until = performance.now() + 100
  while (performance.now() < until) Math.sqrt(until)
  const { user, system } = process.cpuUsage(own)
  const used = cpuMicros(process.pid) - before
  expect(Math.abs(used - (user + system))).toBeLessThan(30_000)
})

test('resident memory is what the runtime sees, within a few per cent', () => {
  const rss = process.memoryUsage.rss()
  expect(Math.abs(residentBytes(process.pid) - rss)).toBeLessThan(rss * 0.1)
})
