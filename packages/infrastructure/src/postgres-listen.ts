/** LISTEN on a connection of its own that comes back by itself. What is notified while it is away is lost. */
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { Log } from './log.ts'
import { OpenSockets } from './open-sockets.ts'
import { aborted, settlesWithin } from './within.ts'

export type ListenOptions = {
  url: string
  application: string
  /** A trusted identifier, not user input. */
  channel: string
  log: Log
  onNotify: (payload: string) => void
}

/** How long the connection may take to end: the other side may be frozen. */
const goodbyeMs = 1_000

/** Starts to listen in the background; never fails. */
export function listen({ url, application, channel, log, onNotify }: ListenOptions): { close(): Promise<void> } {
  const closing = new AbortController()
  const closed = aborted(closing.signal)
  const sockets = new OpenSockets()

  async function hear(): Promise<void> {
    const connection = new pg.Client({
      connectionString: url,
      application_name: `mopl-${application}`,
      connectionTimeoutMillis: 2_000,
      query_timeout: 2_000,
      keepAlive: true,
      stream: sockets.create,
    })
    const lost = new Promise<void>((resolve) => {
      connection.on('error', (err) => {
        log.warn({ err, channel }, 'listening connection lost')
        resolve()
      })
      connection.once('end', resolve)
    })
    connection.on('notification', ({ payload }) => onNotify(payload ?? ''))
    try {
      await connection.connect()
      await connection.query(`listen ${pg.escapeIdentifier(channel)}`)
      await Promise.race([lost, closed])
    } finally {
      // Also the one that connected and then did not answer.
      await sockets.closeAfter(connection.end(), goodbyeMs)
    }
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
      if (!(await settlesWithin(running, 2 * goodbyeMs))) sockets.cut()
      await running
    },
  }
}
