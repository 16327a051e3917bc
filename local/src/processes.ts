import { chownSync, closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { eventually } from '@mopl/infrastructure/eventually'

export type ProcessOptions = {
  /** What people call it; also the name of its log file. */
  name: string
  command: readonly string[]
  /** Added to this process's own environment. */
  env?: Record<string, string>
  cwd?: string
  /** Its output goes to `<name>.log` here; the log of an earlier run is replaced. */
  logDir: string
  /** Answers yes once the process does its work. */
  isReady: () => Promise<boolean> | boolean
  readyTimeoutMs?: number
  stopSignal?: 'SIGTERM' | 'SIGINT'
  stopTimeoutMs?: number
  /** Started by root, run as `nobody` (PostgreSQL refuses root, nginx faces outward). */
  unprivileged?: boolean
  /** Gives up waiting for readiness and stops the process again. */
  signal?: AbortSignal | undefined
}

export type RunningProcess = {
  name: string
  pid: number
  logPath: string
  /** Settles, and never fails, when the process has ended, for whatever reason. */
  exited: Promise<string>
  kill: (signal: NodeJS.Signals) => void
  /** Ends the process with its stop signal, and its whole group with SIGKILL past the deadline. May be called again. */
  stop: () => Promise<void>
}

/** A part of the system failed; the message carries the last lines it wrote. */
export class PartFailed extends Error {
  override readonly name = 'PartFailed'
  constructor(part: string, reason: string, logPath: string, options?: ErrorOptions) {
    super(
      [`${part} ${reason}; the end of ${logPath}:`, ...lastLines(logPath, 20).map((line) => `  | ${line}`)].join('\n'),
      options,
    )
  }
}

/**
 * Starts a process in a group of its own (a Ctrl-C on the terminal does not reach it) and waits until it is ready.
 * The kernel signals it when its parent dies, even by SIGKILL, so that nothing lingers.
 *
 * @throws {PartFailed} when it ends or misses its deadline before it is ready; whatever `signal` was aborted with
 */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const process = spawn(options)
  const timeoutMs = options.readyTimeoutMs ?? 30_000
  let ended: string | undefined
  void process.exited.then((how) => (ended = how))
  const isDecided = async () => options.signal?.aborted === true || ended !== undefined || options.isReady()
  try {
    await eventually(`${options.name} is ready`, isDecided, timeoutMs)
  } catch (cause) {
    await process.stop()
    throw new PartFailed(options.name, `was not ready within ${timeoutMs} ms`, process.logPath, { cause })
  }
  if (options.signal?.aborted === true) {
    await process.stop()
    throw options.signal.reason
  }
  if (ended !== undefined) throw new PartFailed(options.name, `ended before it was ready (${ended})`, process.logPath)
  return process
}

/**
 * Runs a process to its end.
 *
 * @throws {PartFailed} unless that is exit code 0
 */
export async function runProcess(options: Omit<ProcessOptions, 'isReady' | 'readyTimeoutMs'>): Promise<void> {
  const { name, logPath, exited } = spawn(options)
  const how = await exited
  if (how !== 'exit code 0') throw new PartFailed(name, `ended (${how})`, logPath)
}

function spawn({
  name,
  command,
  env,
  cwd,
  logDir,
  stopSignal = 'SIGTERM',
  stopTimeoutMs = 12_000,
  unprivileged = false,
}: Omit<ProcessOptions, 'isReady'>): RunningProcess {
  const logPath = join(logDir, `${name}.log`)
  const log = openLog(logPath)
  const child = Bun.spawn([...wrapper(stopSignal, unprivileged), ...command], {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env },
    stdio: ['ignore', log, log],
    detached: true,
  })
  closeSync(log)
  const exited = child.exited.then(() =>
    child.signalCode === null ? `exit code ${child.exitCode}` : `signal ${child.signalCode}`,
  )
  const isRunning = () => child.exitCode === null && child.signalCode === null
  const stop = async () => {
    if (!isRunning()) return
    child.kill(stopSignal)
    const deadline = setTimeout(() => killGroup(child.pid), stopTimeoutMs)
    await exited
    clearTimeout(deadline)
  }
  return { name, pid: child.pid, logPath, exited, kill: (signal) => child.kill(signal), stop }
}

/**
 * `setpriv` (util-linux) becomes the command, after it asked the kernel for a signal at the parent's death. Before that,
 * for `unprivileged`, it gives up root, in a step of its own because a change of user takes that request back. DAC
 * override stays, with `no_setuid_fixup` for access(2), so that a checkout below a directory closed to others (/root)
 * works like any.
 */
function wrapper(signal: string, unprivileged: boolean): string[] {
  const giveUpRoot = [
    'setpriv',
    '--reuid=nobody',
    '--regid=nogroup',
    '--clear-groups',
    '--securebits=+no_setuid_fixup',
    '--inh-caps=+dac_override,+net_bind_service',
    '--ambient-caps=+dac_override,+net_bind_service',
    '--',
  ]
  return [...(unprivileged && isRoot() ? giveUpRoot : []), 'setpriv', `--pdeathsig=${signal.slice(3)}`, '--']
}

/** Hands a directory to the user that `unprivileged` processes run as; nothing to do unless we are root. */
export function giveToNobody(directory: string): void {
  // `nobody` and `nogroup` of every Debian and Ubuntu.
  if (isRoot()) chownSync(directory, 65_534, 65_534)
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}

function openLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, '')
  return openSync(path, 'a')
}

/** The leader's end is reported by `exited`; the group may be gone by now, which is what is wanted. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function lastLines(path: string, count: number): string[] {
  return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-count)
}
