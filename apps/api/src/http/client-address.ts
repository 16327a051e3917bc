/** Which address a request comes from, when proxies stand between. */
import { isIP } from 'node:net'
import type { MiddlewareHandler } from 'hono'
import type { Env } from './env.ts'
import { isIn, type Networks, plain, subscriberOf } from './networks.ts'

/** Sets `c.var.clientAddress`: an IPv4 address, or an IPv6 network of one subscriber. */
export function clientAddress({ trustedProxies }: { trustedProxies: Networks }): MiddlewareHandler<Env> {
  return async (c, next) => {
    const address = addressOf(c.env.remoteAddress ?? 'unknown', c.req.header('x-forwarded-for'), trustedProxies)
    c.set('clientAddress', subscriberOf(address))
    await next()
  }
}

/**
 * Each proxy appends whom it was called by, so that the list is read from its end, and only as far as proxies of ours
 * wrote it: what stands further left was sent by the client and may be anything.
 */
function addressOf(peer: string, forwardedFor: string | undefined, trusted: Networks): string {
  const claims = forwardedFor?.split(',') ?? []
  let address = plain(peer)
  while (isIn(trusted, address)) {
    const claim = plain(claims.pop()?.trim() ?? '')
    if (isIP(claim) === 0) break
    address = claim
  }
  return address
}
