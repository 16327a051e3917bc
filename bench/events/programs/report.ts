/** What one of these programs did, told as its only line of output. */
export type Report = { events: number; seconds: number; cpuMicros: number }

/** Starts the measurement; the function that it returns ends it. */
export function report(): (events: number) => void {
  const startedAt = performance.now()
  const usedBefore = process.cpuUsage()
  return (events) => {
    const { user, system } = process.cpuUsage(usedBefore)
    const told: Report = { events, seconds: (performance.now() - startedAt) / 1_000, cpuMicros: user + system }
    process.stdout.write(`${JSON.stringify(told)}\n`)
  }
}
