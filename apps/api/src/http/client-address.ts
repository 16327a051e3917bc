/** Which address a request comes from, when proxies stand between. */
import { callerOf, type Networks } from '@mopl/infrastructure/networks'
import type { MiddlewareHandler } from 'hono'
import type { Env } from './env.ts'

/** Sets `c.var.clientAddress`: an IPv4 address, or an IPv6 network of one subscriber. */
export function clientAddress({ trustedProxies }: { trustedProxies: Networks }): MiddlewareHandler<Env> {
  return async (c, next) => {
    c.set('clientAddress', callerOf(c.env.remoteAddress ?? 'unknown', c.req.header('x-forwarded-for'), trustedProxies))
    await next()
  }
}
