/** Wakes the relay when the api rings (`LISTEN mopl_outbox`). A hint that may get lost: whoever waits also has a time limit. */
import type { Log } from '@mopl/infrastructure/log'
import { outboxChannel } from '@mopl/infrastructure/outbox'
import { listen } from '@mopl/infrastructure/postgres-listen'

export type Bell = {
  /** Resolves at the next ring, at once when it rang since the last wait, or after `timeoutMs`. */
  wait(timeoutMs: number): Promise<void>
  ring(): void
  close(): Promise<void>
}

export function openBell(databaseUrl: string, log: Log): Bell {
  let rung = false
  let wake: () => void = () => undefined
  const ring = () => {
    rung = true
    wake()
  }
  const listener = listen({ url: databaseUrl, application: 'worker-bell', channel: outboxChannel, log, onNotify: ring })
  return {
    ring,
    wait: async (timeoutMs) => {
      if (!rung)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, timeoutMs)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      rung = false
    },
    close: () => listener.close(),
  }
}
