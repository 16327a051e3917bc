/** Caching and cross-origin headers of the SockJS routes. sockjs-protocol 0.3.3, "verify_cors", "verify_not_cached". */
import type { HttpRequest } from 'uWebSockets.js'
import type { HttpHeaders } from '../http.ts'
import type { Origins } from '../origins.ts'

const yearSeconds = 365 * 24 * 60 * 60

export const neverCached = { 'cache-control': 'no-store, no-cache, no-transform, must-revalidate, max-age=0' }

export function cachedForAYear(): HttpHeaders {
  const expires = new Date(Date.now() + yearSeconds * 1000).toUTCString()
  return { 'cache-control': `public, max-age=${yearSeconds}`, expires }
}

/** For an origin that may connect, with what its preflight asks for; without an origin, nobody in particular: `*`. */
export function crossOrigin(origins: Origins, req: HttpRequest): HttpHeaders {
  if (req.getHeader('origin') === '') return { vary: 'Origin', 'access-control-allow-origin': '*' }
  const asked = req.getHeader('access-control-request-headers')
  return { ...origins.headers(req), ...(asked === '' ? {} : { 'access-control-allow-headers': asked }) }
}

/** The answer to a preflight; it may be remembered as long as any page. */
export function preflight(origins: Origins, req: HttpRequest, methods: string): HttpHeaders {
  const allowed = { 'access-control-allow-methods': methods, 'access-control-max-age': String(yearSeconds) }
  return { ...allowed, ...cachedForAYear(), ...crossOrigin(origins, req) }
}

/** Which pages may hold one of ours in a frame: those that may connect. */
export function framedBy(origins: Origins): HttpHeaders {
  return { 'content-security-policy': `frame-ancestors ${["'self'", ...origins.listed].join(' ')}` }
}
