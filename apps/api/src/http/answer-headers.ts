/** The headers of every answer, and answers in JSON that are born with them: setting one after the other takes longer. */
import type { MiddlewareHandler } from 'hono'
import type { Env } from './env.ts'
import type { Page } from './page.ts'

/**
 * What browsers must not do with an answer (OWASP HTTP Headers Cheat Sheet), and that another origin may get another one
 * (`acrossOrigins`). Not Strict-Transport-Security: only the gateway knows of TLS.
 */
const everyAnswer: [string, string][] = [
  ['Cross-Origin-Opener-Policy', 'same-origin'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Origin-Agent-Cluster', '?1'],
  ['Referrer-Policy', 'no-referrer'],
  ['Vary', 'Origin'],
  ['X-Content-Type-Options', 'nosniff'],
  ['X-DNS-Prefetch-Control', 'off'],
  ['X-Download-Options', 'noopen'],
  ['X-Frame-Options', 'SAMEORIGIN'],
  ['X-Permitted-Cross-Domain-Policies', 'none'],
  ['X-XSS-Protection', '0'],
]
const jsonAnswer = new Headers([...everyAnswer, ['Content-Type', 'application/json']])

export function answerHeaders(): MiddlewareHandler<Env> {
  return async (c, next) => {
    await next()
    const { headers } = c.res
    if (headers.has('Origin-Agent-Cluster')) return
    for (const [name, value] of everyAnswer) headers.set(name, value)
  }
}

export function sendPage(page: Page<unknown>): Response {
  return sendJson(JSON.stringify(page))
}

/** 200, with a text that is JSON already. */
export function sendJson(json: string): Response {
  return new Response(json, { headers: jsonAnswer })
}
