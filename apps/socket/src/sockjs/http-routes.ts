/** SockJS over HTTP: requests that wait for frames, and requests that bring some. sockjs-protocol 0.3.3, "Transports". */
import type { ErrorCode } from '@mopl/contracts/errors'
import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js'
import { answer, answerError, requestIdOf } from '../http.ts'
import type { SocketMetrics } from '../metrics.ts'
import type { Origins } from '../origins.ts'
import type { Admission } from '../trust/admission.ts'
import { type Carrier, carriers, isCallbackName } from './carriers.ts'
import { crossOrigin, framedBy, neverCached, preflight } from './headers.ts'
import type { HttpSessions } from './http-sessions.ts'
import { formPayload, readBody, readPayload } from './payload.ts'
import { Receiver } from './receiver.ts'
import { sessionIdOf } from './session-path.ts'

export type SockJsHttpDeps = { sessions: HttpSessions; origins: Origins; metrics: SocketMetrics; admission: Admission }

const plainText = { 'content-type': 'text/plain; charset=UTF-8' }
const session = '/ws/:server/:session'

export function sockJsHttpRoutes(app: TemplatedApp, deps: SockJsHttpDeps): void {
  for (const [name, carrier] of Object.entries(carriers)) {
    app[carrier.method](`${session}/${name}`, (res, req) => receive(deps, carrier, res, req))
    if (carrier.method === 'get') onlyFor(app, name, 'GET')
  }
  app.post(`${session}/xhr_send`, (res, req) => send(deps, res, req, false))
  app.post(`${session}/jsonp_send`, (res, req) => send(deps, res, req, true))
  onlyFor(app, 'jsonp_send', 'POST')
  for (const name of ['xhr', 'xhr_streaming', 'xhr_send']) {
    const methods = 'OPTIONS, POST'
    app.options(`${session}/${name}`, (res, req) => answer(res, 204, preflight(deps.origins, req, methods)))
    onlyFor(app, name, methods)
  }
  // A WebSocket's handshake has been taken before it comes to this.
  app.get(`${session}/websocket`, (res) => answer(res, 400, plainText, 'Can "Upgrade" only to "WebSocket".'))
  onlyFor(app, 'websocket', 'GET')
}

/** The client waits for frames. */
function receive(
  { sessions, origins, metrics, admission }: SockJsHttpDeps,
  carrier: Carrier,
  res: HttpResponse,
  req: HttpRequest,
) {
  const headers = { ...neverCached, ...crossOrigin(origins, req), ...framedBy(origins) }
  const refuse = (code: ErrorCode) => {
    metrics.refusals.inc({ code })
    answerError(res, code, headers)
  }
  const id = sessionIdOf(req)
  if (id === undefined) return answerError(res, 'ROUTE_NOT_FOUND')
  if (!origins.allows(req)) return refuse('ORIGIN_NOT_ALLOWED')
  const callback = req.getQuery('c') ?? req.getQuery('callback') ?? ''
  if (carrier.hasCallback && !isCallbackName(callback)) {
    const problem = callback === '' ? '"callback" parameter required' : 'invalid "callback" parameter'
    return answer(res, 500, { ...headers, ...plainText }, problem)
  }
  const found = sessions.open(id, requestIdOf(req), () => admission.admit(res, req))
  if (typeof found === 'string') return refuse(found)
  return found.attach(new Receiver(res, carrier, callback, { ...headers, 'x-accel-buffering': 'no' }))
}

/** The client brings texts, in a form or bare. */
function send({ sessions, origins, metrics }: SockJsHttpDeps, res: HttpResponse, req: HttpRequest, isForm: boolean) {
  const headers = { ...neverCached, ...crossOrigin(origins, req) }
  const textHeaders = { ...plainText, ...headers }
  const id = sessionIdOf(req)
  if (id === undefined) return answerError(res, 'ROUTE_NOT_FOUND')
  if (!origins.allows(req)) {
    metrics.refusals.inc({ code: 'ORIGIN_NOT_ALLOWED' })
    return answerError(res, 'ORIGIN_NOT_ALLOWED', headers)
  }
  const contentType = isForm ? req.getHeader('content-type') : ''
  return readBody(res, (body) => {
    if (body === undefined) return answerError(res, 'PAYLOAD_TOO_LARGE', headers)
    const payload = readPayload(formPayload(contentType, body))
    if ('problem' in payload) return answer(res, 500, textHeaders, payload.problem)
    const found = sessions.find(id)
    if (found === undefined) return answerError(res, 'ROUTE_NOT_FOUND', headers)
    found.receive(payload.texts)
    return isForm ? answer(res, 200, textHeaders, 'ok') : answer(res, 204, textHeaders)
  })
}

/** To be added after the methods that there are. */
function onlyFor(app: TemplatedApp, name: string, methods: string): void {
  app.any(`${session}/${name}`, (res) => answerError(res, 'METHOD_NOT_ALLOWED', { allow: methods }))
}
