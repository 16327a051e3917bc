import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from '@mopl/infrastructure/eventually'

type Identity = { name: string; pid: number; startedAt: string }

/** Our hold on a data directory. */
export type Claim = {
  /** Writes down a process that belongs to us, so that the next run finds it should we be killed. */
  record: (process: { name: string; pid: number }) => void
  release: () => void
}

/**
 * Takes a data directory for this process alone. What a killed predecessor left running is asked to stop, and made to
 * after 10 s; a process counts as left over only while pid and start time are those written down.
 *
 * @throws {Error} when the process that holds it is alive
 */
export async function claimDataDir(dataDir: string, onProgress: (line: string) => void): Promise<Claim> {
  mkdirSync(dataDir, { recursive: true })
  const file = join(dataDir, 'running.json')
  const [owner, ...children] = readIdentities(file)
  if (owner !== undefined && isAlive(owner))
    throw new Error(`${dataDir} is in use by a running bin/up (pid ${owner.pid})`)
  await Promise.all(children.filter(isAlive).map((child) => end(child, onProgress)))
  rmSync(file, { force: true })

  const held = [identify('bin/up', process.pid)]
  // 'wx' fails when somebody else came first.
  writeFileSync(file, JSON.stringify(held), { flag: 'wx' })
  return {
    record: ({ name, pid }) => {
      held.push(identify(name, pid))
      writeFileSync(file, JSON.stringify(held))
    },
    release: () => rmSync(file, { force: true }),
  }
}

async function end(leftover: Identity, onProgress: (line: string) => void): Promise<void> {
  onProgress(`stopping ${leftover.name} (pid ${leftover.pid}), left over from a run that was killed`)
  process.kill(leftover.pid, 'SIGTERM')
  try {
    await eventually(`${leftover.name} has ended`, () => !isAlive(leftover), 10_000)
  } catch {
    process.kill(leftover.pid, 'SIGKILL')
    await eventually(`${leftover.name} has ended`, () => !isAlive(leftover), 5_000)
  }
}

function readIdentities(file: string): Identity[] {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Identity[]) : []
}

function identify(name: string, pid: number): Identity {
  return { name, pid, startedAt: startTime(pid) ?? 'ended' }
}

function isAlive({ pid, startedAt }: Identity): boolean {
  return startTime(pid) === startedAt
}

/**
 * Tells a process from a later one with the same pid: the boot, and the start in clock ticks after it (proc(5), field
 * 22 of stat, the 20th after the name). A command line would not do: PostgreSQL, Redis and nginx rewrite theirs.
 */
function startTime(pid: number): string | undefined {
  const stat = `/proc/${pid}/stat`
  if (!existsSync(stat)) return undefined
  const fields = readFileSync(stat, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  // A zombie has ended; only its parent has not looked yet.
  if (fields[0] === 'Z') return undefined
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${fields[19]}`
}
