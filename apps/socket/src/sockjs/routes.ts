/** The plain pages of a SockJS endpoint: greeting, info, iframe. sockjs-protocol 0.3.3, "Base URLs" and "IFrame". */
import { createHash, randomInt } from 'node:crypto'
import type { TemplatedApp } from 'uWebSockets.js'
import { answer, answerError } from '../http.ts'
import type { Origins } from '../origins.ts'

const neverCached = { 'cache-control': 'no-store, no-cache, no-transform, must-revalidate, max-age=0' }
const cachedForAYear = { 'cache-control': 'public, max-age=31536000' }

const iframe = `<!DOCTYPE html>
<html>
<head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
  <script src="https://cdn.jsdelivr.net/npm/sockjs-client@1/dist/sockjs.min.js"></script>
  <script>
    document.domain = document.domain;
    SockJS.bootstrap_iframe();
  </script>
</head>
<body>
  <h2>Don't panic!</h2>
  <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>
</body>
</html>
`
const iframeTag = `"${createHash('sha1').update(iframe).digest('hex')}"`

export function sockJsRoutes(app: TemplatedApp, origins: Origins): void {
  for (const path of ['/ws', '/ws/'])
    app.get(path, (res) => answer(res, 200, { 'content-type': 'text/plain; charset=UTF-8' }, 'Welcome to SockJS!\n'))

  app.get('/ws/info', (res, req) => {
    // No cookies: a session is found by the ids in its path.
    const info = { websocket: true, origins: ['*:*'], cookie_needed: false, entropy: randomInt(2 ** 32) }
    const type = { 'content-type': 'application/json; charset=UTF-8' }
    answer(res, 200, { ...type, ...neverCached, ...origins.headers(req) }, JSON.stringify(info))
  })

  app.options('/ws/info', (res, req) => {
    const allowed = { 'access-control-allow-methods': 'OPTIONS, GET', 'access-control-max-age': '31536000' }
    answer(res, 204, { ...allowed, ...cachedForAYear, ...origins.headers(req) })
  })

  app.get('/ws/:page', (res, req) => {
    if (!/^iframe[\w.-]*\.html$/.test(req.getParameter(0))) return answerError(res, 'ROUTE_NOT_FOUND')
    const headers = { etag: iframeTag, ...cachedForAYear }
    if (req.getHeader('if-none-match') === iframeTag) return answer(res, 304, headers)
    return answer(res, 200, { ...headers, 'content-type': 'text/html; charset=UTF-8' }, iframe)
  })
}
