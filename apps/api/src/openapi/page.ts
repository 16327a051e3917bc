/** The page that shows the document, with everything it needs from here: it works where the internet does not. */
import { fileURLToPath } from 'node:url'
import { version } from 'swagger-ui-dist/package.json'
import script from 'swagger-ui-dist/swagger-ui-bundle.js' with { type: 'file' }
import style from 'swagger-ui-dist/swagger-ui.css' with { type: 'file' }

/** Under a path that changes with the version, and so can be kept for ever. */
export const assetPath = `/docs/${version}`

export const assets: Record<string, { path: string; type: string }> = {
  'swagger-ui.js': { path: located(script), type: 'text/javascript; charset=utf-8' },
  'swagger-ui.css': { path: located(style), type: 'text/css; charset=utf-8' },
}

/** Absolute when run from source, relative to the bundle when run from one. */
function located(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}

/** Swagger UI draws its icons as data URLs; everything else comes from here. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export const page = `<!doctype html>
<html lang="ko">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width" />
    <title>모두의 플리 API 문서</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="/api${assetPath}/swagger-ui.css" />
  </head>
  <body>
    <div id="document"></div>
    <script src="/api${assetPath}/swagger-ui.js"></script>
    <script src="/api/docs/start.js"></script>
  </body>
</html>
`

/** What is tried out from the page is a browser's call, which repeats the CSRF cookie in a header. */
export const startScript = `SwaggerUIBundle({
  url: '/api/openapi.json',
  dom_id: '#document',
  deepLinking: true,
  displayRequestDuration: true,
  requestInterceptor(request) {
    const token = document.cookie.match(/(?:^|; )XSRF-TOKEN=([^;]*)/)?.[1]
    if (token !== undefined) request.headers['X-XSRF-TOKEN'] = token
    return request
  },
})
`
