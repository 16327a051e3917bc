/** The plain pages of a SockJS endpoint: greeting, info, iframe. sockjs-protocol 0.3.3, "Base URLs" and "IFrame". */
import { randomInt } from 'node:crypto'
import type { TemplatedApp } from 'uWebSockets.js'
import { answer, answerError } from '../http.ts'
import type { Origins } from '../origins.ts'
import { cachedForAYear, crossOrigin, framedBy, neverCached, preflight } from './headers.ts'
import { pages } from './iframe.ts'

export function sockJsRoutes(app: TemplatedApp, origins: Origins): void {
  for (const path of ['/ws', '/ws/'])
    app.get(path, (res) => answer(res, 200, { 'content-type': 'text/plain; charset=UTF-8' }, 'Welcome to SockJS!\n'))

  app.get('/ws/info', (res, req) => {
    // No cookies: a session is found by the ids in its path.
    const info = { websocket: true, origins: ['*:*'], cookie_needed: false, entropy: randomInt(2 ** 32) }
    const type = { 'content-type': 'application/json; charset=UTF-8' }
    answer(res, 200, { ...type, ...neverCached, ...crossOrigin(origins, req) }, JSON.stringify(info))
  })

  app.options('/ws/info', (res, req) => answer(res, 204, preflight(origins, req, 'OPTIONS, GET')))

  app.get('/ws/:page', (res, req) => {
    const name = req.getParameter(0) ?? ''
    const page = pages.find((each) => each.name.test(name))
    if (page === undefined) return answerError(res, 'ROUTE_NOT_FOUND')
    const headers = { etag: page.etag, ...cachedForAYear(), ...framedBy(origins) }
    if (req.getHeader('if-none-match') === page.etag) return answer(res, 304, headers)
    return answer(res, 200, { ...headers, 'content-type': page.contentType }, page.body)
  })
}
