/** Wakes the relay after whatever may have written an event: after the commit, since it is after the handler. */
import type { MiddlewareHandler } from 'hono'
import type { Env } from './env.ts'
import { isSafe } from './methods.ts'

export function ringAfterWrites(ring: () => void): MiddlewareHandler<Env> {
  return async (c, next) => {
    await next()
    if (!isSafe(c.req.method) && c.res.status < 400) ring()
  }
}
