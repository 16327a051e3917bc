/** LISTEN on a connection of its own that comes back by itself. What is notified while it is away is lost. */
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { Log } from './log.ts'

export type ListenOptions = {
  url: string
  application: string
  /** A trusted identifier, not user input. */
  channel: string
  log: Log
  onNotify: (payload: string) => void
}

/** Starts to listen in the background; never fails. */
export function listen({ url, application, channel, log, onNotify }: ListenOptions): { close(): Promise<void> } {
  const closing = new AbortController()
  let client: pg.Client | undefined

  async function hear(): Promise<void> {
    const connection = new pg.Client({
      connectionString: url,
      application_name: `mopl-${application}`,
      connectionTimeoutMillis: 2_000,
      keepAlive: true,
    })
    client = connection
    const lost = new Promise<void>((resolve) => {
      connection.on('error', (err) => {
        log.warn({ err, channel }, 'listening connection lost')
        resolve()
      })
      connection.once('end', resolve)
    })
    connection.on('notification', ({ payload }) => onNotify(payload ?? ''))
    await connection.connect()
    await connection.query(`listen ${pg.escapeIdentifier(channel)}`)
    await lost
  }

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      await hear().catch((err: unknown) => log.debug({ err, channel }, 'cannot listen'))
      await delay(500, undefined, { signal: closing.signal }).catch(() => undefined)
    }
  }

  const running = run()
  return {
    close: async () => {
      closing.abort()
      await client?.end()
      await running
    },
  }
}
