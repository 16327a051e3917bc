/** Starting to listen, on one port that nobody else has. */
import uWS, { type TemplatedApp } from 'uWebSockets.js'

/** LIBUS_LISTEN_EXCLUSIVE_PORT: without it two processes share a port, and a port in use is not noticed. */
const exclusivePort = 1

/** The native function takes a host and options together; its type declarations do not know. */
declare module 'uWebSockets.js' {
  interface TemplatedApp {
    listen(
      host: string,
      port: number,
      options: number,
      callback: (token: us_listen_socket | false) => void,
    ): TemplatedApp
  }
}

/**
 * Starts to listen. Returns what stops it; connections that are open stay.
 *
 * @throws {Error} when the port is in use
 */
export function listen(app: TemplatedApp, host: string, port: number): Promise<() => void> {
  return new Promise((resolve, reject) => {
    app.listen(host, port, exclusivePort, (token) => {
      if (token === false) reject(new Error(`cannot listen on ${host}:${port}: is the port in use?`))
      else resolve(() => uWS.us_listen_socket_close(token))
    })
  })
}
