/** How a process that stops sends its clients away. */
import type { StompSession } from './stomp/session.ts'

const stepsAtMost = 40

/** Ends all sessions with 1012, evenly spread over the time, so that their clients do not come back all at once. */
export async function restartAll(sessions: readonly StompSession[], spreadMs: number): Promise<void> {
  const steps = Math.min(stepsAtMost, sessions.length)
  for (let step = 0; step < steps; step += 1) {
    const part = sessions.slice((sessions.length * step) / steps, (sessions.length * (step + 1)) / steps)
    for (const session of part) session.restart()
    await new Promise((resolve) => setTimeout(resolve, spreadMs / steps))
  }
}
