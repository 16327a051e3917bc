/** The outermost layer: gives the request its id, and at its end writes one wide line and the metrics. */
import type { Log } from '@mopl/infrastructure/log'
import type { Context, MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'
import { METHOD_NAME_ALL } from 'hono/router'
import type { ApiMetrics } from '../metrics.ts'
import type { Env } from './env.ts'

/** nginx sends 32 hex digits; anything that could forge a log line or bloat an event is replaced. */
const saneRequestId = /^[\w-]{8,64}$/
const methods = new Set(['GET', 'HEAD', 'OPTIONS', 'POST', 'PATCH', 'PUT', 'DELETE'])

export function requestLog({ log, metrics }: { log: Log; metrics: ApiMetrics }): MiddlewareHandler<Env> {
  // Made at the first request: an app that only tells its document has no log.
  let lines: Log | undefined
  return async (c, next) => {
    const sent = c.req.header('x-request-id')
    const requestId = sent !== undefined && saneRequestId.test(sent) ? sent : crypto.randomUUID()
    c.set('requestId', requestId)
    const startedAt = performance.now()
    await next()
    // Not by `c.header`, which would make a new response, and a stream of its body.
    c.res.headers.set('X-Request-Id', requestId)

    const durationMs = performance.now() - startedAt
    const { status } = c.res
    const method = methods.has(c.req.method) ? c.req.method : 'OTHER'
    const route = routePattern(c)
    // `c.var` makes an object of all there is, each time.
    const [refusal, user] = [c.get('refusal'), c.get('user')]
    metrics.requests.inc({ method, route, status })
    metrics.duration.observe({ method, route }, durationMs / 1_000)
    if (refusal !== undefined) metrics.refusals.inc({ code: refusal })

    const line = {
      requestId,
      method,
      route,
      status,
      durationMs: Math.round(durationMs * 10) / 10,
      userId: user?.id,
      refusal,
    }
    // A closed set of fields, none of them a secret: to look for some in each line costs more than to write it.
    lines ??= log.child({}, { redact: [] })
    if (status >= 500) log.error({ ...line, err: c.error }, 'request')
    else lines.info(line, 'request')
  }
}

/** The pattern that answered, from the closed set of our routes: a path would make endless label values. */
function routePattern(c: Context<Env>): string {
  return matchedRoutes(c).findLast((route) => route.method !== METHOD_NAME_ALL)?.path ?? 'unmatched'
}
