/** Listening. Limits are set here because the runtime's own are of no use: 128 MB of body, 10 s of silence. */
import type { Hono } from 'hono'
import { maxRequestBytes } from './body.ts'
import type { Env } from './env.ts'

/** Longer than nginx keeps an idle upstream connection, so that it is never we who close one as a request arrives. */
const idleTimeoutSeconds = 75

/** `close` stops accepting and settles when every request in hand is answered. */
export function serve(app: Hono<Env>, { HOST, PORT }: { HOST: string; PORT: number }): { close(): Promise<void> } {
  const server = Bun.serve({
    hostname: HOST,
    port: PORT,
    fetch: (request, self) => app.fetch(request, { remoteAddress: self.requestIP(request)?.address }),
    maxRequestBodySize: maxRequestBytes,
    idleTimeout: idleTimeoutSeconds,
  })
  return { close: () => server.stop() }
}
