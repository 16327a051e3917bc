/** Which address a request comes from, when proxies stand between. */
import { callerOf, type Networks } from '@mopl/infrastructure/networks'
import type { MiddlewareHandler } from 'hono'
import type { Env } from './env.ts'
import { isSafe } from './methods.ts'

/** Sets `c.var.clientAddress`, which tells an IPv4 address, or an IPv6 network of one subscriber. */
export function clientAddress({ trustedProxies }: { trustedProxies: Networks }): MiddlewareHandler<Env> {
  return (c, next) => {
    const find = () => callerOf(c.env.remoteAddress ?? 'unknown', c.req.header('x-forwarded-for'), trustedProxies)
    // What writes is counted, and the runtime forgets the address of a client that has gone; what reads seldom asks for it.
    const found = isSafe(c.req.method) ? undefined : find()
    c.set('clientAddress', () => found ?? find())
    return next()
  }
}
