/** What the kernel knows of a process: nothing is asked of the process itself, so that asking costs it nothing. */
import { readdirSync, readFileSync } from 'node:fs'

/**
 * CPU time that a process has used, in user and in kernel mode, in microseconds. The sum over its threads of what
 * /proc/<pid>/stat shows as utime and stime, from where it stands in nanoseconds instead of ticks of 10 ms.
 */
export function cpuMicros(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`)
  return threads.reduce((sum, thread) => sum + threadMicros(pid, thread), 0)
}

/** 0 for a thread that has ended since it was listed. */
function threadMicros(pid: number, thread: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1_000
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
    throw error
  }
}

/** Resident memory of a process in bytes, exactly (VmRSS in /proc/<pid>/status lags behind by up to 64 pages a thread). */
export function residentBytes(pid: number): number {
  const kilobytes = /^Rss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]
  if (kilobytes === undefined) throw new Error(`process ${pid} has no memory`)
  return Number(kilobytes) * 1024
}
