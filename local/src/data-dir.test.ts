import { afterEach, beforeEach, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { claimDataDir } from './data-dir.ts'

let dataDir: string
beforeEach(() => (dataDir = mkdtempSync(join(tmpdir(), 'mopl-data-'))))
afterEach(() => rmSync(dataDir, { recursive: true }))

test('a data directory is held by one at a time', async () => {
  const claim = await claimDataDir(dataDir, () => {})
  expect(claimDataDir(dataDir, () => {})).rejects.toThrow(`is in use by a running bin/up (pid ${process.pid})`)
  claim.release()
  const next = await claimDataDir(dataDir, () => {})
  next.release()
})

test('what a killed run left running is stopped by the next one', async () => {
  const leftover = Bun.spawn(['sleep', '1000'])
  await abandon({ name: 'redis', pid: leftover.pid })
  const told: string[] = []
  const claim = await claimDataDir(dataDir, (line) => told.push(line))
  await leftover.exited
  expect(leftover.signalCode).toBe('SIGTERM')
  expect(told).toEqual([`stopping redis (pid ${leftover.pid}), left over from a run that was killed`])
  claim.release()
})

test('a process that merely has the pid of a left over one is not touched', async () => {
  const innocent = Bun.spawn(['sleep', '1000'])
  await abandon({ name: 'redis', pid: innocent.pid })
  const file = Bun.file(join(dataDir, 'running.json'))
  await file.write((await file.text()).replace(/ \d+"}]$/, ' 1"}]'))
  const claim = await claimDataDir(dataDir, () => {})
  expect(existsSync(`/proc/${innocent.pid}`)).toBe(true)
  expect(innocent.exitCode).toBeNull()
  innocent.kill()
  claim.release()
})

/** A run that recorded this process and was then killed. */
async function abandon(process: { name: string; pid: number }): Promise<void> {
  const script = `
    const { claimDataDir } = await import(${JSON.stringify(join(import.meta.dir, 'data-dir.ts'))})
    const claim = await claimDataDir(${JSON.stringify(dataDir)}, () => {})
    claim.record(${JSON.stringify(process)})`
  expect(await Bun.spawn(['bun', '-e', script]).exited).toBe(0)
}
