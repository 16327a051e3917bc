/** Waiting that ends early, without an error, when `signal` aborts. */
import { setTimeout as delay } from 'node:timers/promises'

export async function wait(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
}
