import { createServer } from 'node:net'

/** Below Linux's ephemeral range (from 32768), so that no outgoing connection takes a port between choosing and binding it. */
const FIRST_PORT = 20_000
const LAST_PORT = 32_767

/** Answers whether a server could listen on this TCP port right now. */
export function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)))
  })
}

/** Chooses a free TCP port of 127.0.0.1 at random: systems that start side by side almost never choose the same one. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT + 1))
    if (await isPortFree(port)) return port
  }
  throw new Error(`no free TCP port found between ${FIRST_PORT} and ${LAST_PORT}`)
}
