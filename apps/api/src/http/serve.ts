/** Listening. Limits are set here because the runtime's own are of no use: 128 MB of body, 10 s of silence. */
import http from 'node:http'
import type { Hono } from 'hono'
import { maxRequestBytes } from './body.ts'
import type { Env } from './env.ts'

/** Longer than nginx keeps an idle upstream connection, so that it is never we who close one as a request arrives. */
const idleTimeoutSeconds = 75

/** Beyond what nginx lets through, whose refusals have a body: the runtime's own have none. */
const maxHeaderBytes = 64 * 1024

/** `close` stops accepting and settles when every request in hand is answered. */
export function serve(app: Hono<Env>, { HOST, PORT }: { HOST: string; PORT: number }): { close(): Promise<void> } {
  // Of the whole process: `Bun.serve` has no such option. The types have Node's, which cannot be set.
  Object.assign(http, { maxHeaderSize: maxHeaderBytes })
  const server = Bun.serve({
    hostname: HOST,
    port: PORT,
    fetch: (request, self) =>
      app.fetch(request, {
        // A system call, for those who ask.
        get remoteAddress() {
          return self.requestIP(request)?.address
        },
      }),
    maxRequestBodySize: maxRequestBytes,
    idleTimeout: idleTimeoutSeconds,
  })
  return { close: () => server.stop() }
}
