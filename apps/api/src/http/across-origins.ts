/** CORS: which pages of other origins may call us, with cookies. */
import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import type { Env } from './env.ts'

export function acrossOrigins({ allowedOrigins }: { allowedOrigins: readonly string[] }): MiddlewareHandler<Env> {
  const answer = cors({
    origin: (origin) => (allowedOrigins.includes(origin) ? origin : null),
    credentials: true,
    allowMethods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
    allowHeaders: ['Authorization', 'Content-Type', 'X-XSRF-TOKEN', 'X-Request-Id', 'Idempotency-Key'],
    exposeHeaders: ['X-Request-Id', 'Retry-After', 'Idempotency-Replayed'],
    maxAge: 600,
  })
  return (c, next) => {
    const isAcross = c.req.method === 'OPTIONS' || c.req.header('origin') !== undefined
    // Most requests are of our own origin, and need not pay for its copies of the response.
    return isAcross ? answer(c, next) : next()
  }
}
