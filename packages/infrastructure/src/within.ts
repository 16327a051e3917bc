/** Time limits for what has none of its own. */
import { setTimeout as delay } from 'node:timers/promises'

/** Rejects with `message` when it is late. What is late goes on in the background; its outcome is of no interest then. */
export async function within<T>(promise: Promise<T>, timeoutMs: number, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(message)), timeoutMs)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** Whether it settles in time; a rejection is the caller's to catch. */
export async function settlesWithin(promise: Promise<void>, timeoutMs: number): Promise<boolean> {
  const settled = new AbortController()
  const late = delay(timeoutMs, false, { signal: settled.signal }).catch(() => false)
  return Promise.race([promise.then(() => true), late]).finally(() => settled.abort())
}

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
