/**
 * Which pages may connect. Browsers name the page's origin on every WebSocket and every cross-origin request; other
 * clients send none and are judged by their token alone.
 */
import type { HttpRequest } from 'uWebSockets.js'
import type { HttpHeaders } from './http.ts'

export type Origins = {
  readonly listed: readonly string[]
  /** No origin, one on the list, or the server's own (same host and port). */
  allows(req: HttpRequest): boolean
  /** CORS headers (Fetch standard) for an allowed origin, none for others. */
  headers(req: HttpRequest): HttpHeaders
}

export function createOrigins(allowed: readonly string[]): Origins {
  const listed = new Set(allowed)
  const allows = (req: HttpRequest) => {
    const origin = req.getHeader('origin')
    return origin === '' || listed.has(origin) || hostOf(origin) === ownHost(req)
  }
  return {
    listed: allowed,
    allows,
    headers: (req) => {
      const origin = req.getHeader('origin')
      if (origin === '' || !allows(req)) return { vary: 'Origin' }
      return { vary: 'Origin', 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' }
    },
  }
}

/** Behind the gateway the host the client asked for; no page can set that header across origins. */
function ownHost(req: HttpRequest): string {
  return req.getHeader('x-forwarded-host') || req.getHeader('host')
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}
