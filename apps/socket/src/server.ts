/** The public face of the process: every route of it, and how it starts and stops listening. */
import type { Health } from '@mopl/infrastructure/health'
import uWS, { type TemplatedApp } from 'uWebSockets.js'
import { answer, answerError } from './http.ts'

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

/** `/actuator/*` for operators; everything nobody else answers is 404. */
export function commonRoutes(app: TemplatedApp, health: Health): void {
  app.get('/actuator/*', (res, req) => {
    let aborted = false
    res.onAborted(() => {
      aborted = true
    })
    health.answer(req.getUrl()).then(
      (found) => {
        if (aborted) return
        if (found === undefined) answerError(res, 'ROUTE_NOT_FOUND')
        else answer(res, found.status, { 'content-type': found.contentType }, found.body)
      },
      () => void (aborted || answerError(res, 'INTERNAL')),
    )
  })
  app.any('/*', (res) => answerError(res, 'ROUTE_NOT_FOUND'))
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
