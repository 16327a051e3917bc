/** `GET /api/sse`. */
import type { AccessTokenClaims } from '@mopl/contracts/access-token'
import type { ErrorCode } from '@mopl/contracts/errors'
import type { Log } from '@mopl/infrastructure/log'
import type { HttpRequest, TemplatedApp } from 'uWebSockets.js'
import { answer, answerError, type HttpHeaders, requestIdOf } from '../http.ts'
import type { SocketMetrics } from '../metrics.ts'
import type { Origins } from '../origins.ts'
import type { SignedIn } from '../signed-in.ts'
import type { Admission } from '../trust/admission.ts'
import { toAppError } from '../stomp/error-frame.ts'
import { newestOf } from './user-stream.ts'
import { EventConnection } from './connection.ts'
import type { EventStreams } from './event-streams.ts'

const path = '/api/sse'

type StreamRequest = { authorization: string; lastSeenId: string; requestId: string; cors: HttpHeaders }

export type EventStreamDeps = {
  streams: EventStreams
  signedIn: SignedIn
  readBearer: (header: string | undefined) => Promise<AccessTokenClaims>
  origins: Origins
  metrics: SocketMetrics
  admission: Admission
  log: Log
}

export function eventStreamRoutes(app: TemplatedApp, deps: EventStreamDeps): void {
  const { streams, signedIn, readBearer, origins, metrics, admission, log } = deps

  async function open(connection: EventConnection, request: StreamRequest): Promise<void> {
    const { authorization, lastSeenId, requestId, cors } = request
    const openedAtMs = Date.now()
    const claims = await readBearer(authorization)
    connection.onClosed(() =>
      log.info({ requestId, userId: claims.sub, durationMs: Date.now() - openedAtMs }, 'event stream ended'),
    )
    // First on the list, then checked: a session that is ended in between is ended here too.
    const revoke = (code: ErrorCode) => (connection.begun ? connection.end() : refuse(connection, code, cors))
    const entry = signedIn.add(claims, { revoke })
    connection.onClosed(() => signedIn.remove(entry))
    await signedIn.check(entry)
    if (connection.closed) return
    await streams.attach(claims.sub, connection, lastSeenId, () => connection.begin(cors))
  }

  function refuse(connection: EventConnection, code: ErrorCode, cors: HttpHeaders): void {
    if (connection.closed) return
    metrics.refusals.inc({ code })
    connection.refuse((res) => answerError(res, code, cors))
  }

  app.get(path, (res, req) => {
    const cors = origins.headers(req)
    if (!origins.allows(req)) return answerError(res, 'ORIGIN_NOT_ALLOWED', cors)
    const leave = admission.admit(res, req)
    if (leave === undefined) {
      metrics.refusals.inc({ code: 'TOO_MANY_REQUESTS' })
      return answerError(res, 'TOO_MANY_REQUESTS', cors)
    }
    const connection = new EventConnection(res, () => metrics.slowReaders.inc({ transport: 'sse' }))
    connection.onClosed(leave)
    metrics.connections.inc({ transport: 'sse' })
    connection.onClosed(() => metrics.connections.dec({ transport: 'sse' }))
    // The request itself is only there during this call.
    const request = {
      authorization: req.getHeader('authorization'),
      lastSeenId: lastSeen(req),
      requestId: requestIdOf(req),
      cors,
    }
    open(connection, request).catch((error: unknown) => {
      const { code } = toAppError(error)
      if (code === 'INTERNAL') log.error({ err: error, requestId: request.requestId }, 'event stream failed')
      refuse(connection, code, cors)
    })
  })

  app.options(path, (res, req) => {
    const allowed = {
      'access-control-allow-methods': 'GET',
      'access-control-allow-headers': 'authorization, last-event-id, x-xsrf-token, cache-control',
      'access-control-max-age': '600',
    }
    answer(res, 204, { ...allowed, ...origins.headers(req) })
  })

  app.any(path, (res, req) => answerError(res, 'METHOD_NOT_ALLOWED', { allow: 'GET', ...origins.headers(req) }))
}

/**
 * Clients say in three ways what they saw last: the standard's header, and two spellings of a query parameter. One that
 * comes back by itself asks for the same address again, with what it has seen since in the header: the newest counts.
 */
function lastSeen(req: HttpRequest): string {
  const said = [req.getHeader('last-event-id'), req.getQuery('lastEventId'), req.getQuery('LastEventId')]
  return newestOf(said.flatMap((id) => id || []))
}
