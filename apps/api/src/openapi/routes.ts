/** /api/openapi.json and /api/docs: the document, and a page to read it and try it out. */
import { createHash } from 'node:crypto'
import { type Context, Hono } from 'hono'
import type { Env } from '../http/env.ts'
import { createDocument } from './document.ts'
import { assetPath, assets, contentSecurityPolicy, page, startScript } from './page.ts'

export function openApiRoutes(app: Hono<Env>) {
  let made: { body: string; etag: string } | undefined
  /** Made when first asked for: by then every route is mounted. */
  function document() {
    if (made === undefined) {
      const body = JSON.stringify(createDocument(app))
      made = { body, etag: `"${createHash('sha256').update(body).digest('base64url')}"` }
    }
    return made
  }

  return new Hono<Env>()
    .get('/openapi.json', (c) => {
      const { body, etag } = document()
      revalidated(c)
      c.header('ETag', etag)
      if (isKnown(etag, c.req.header('if-none-match'))) return c.body(null, 304)
      c.header('Content-Type', 'application/json')
      return c.body(body)
    })
    .get('/docs', (c) => {
      revalidated(c)
      c.header('Content-Security-Policy', contentSecurityPolicy)
      return c.html(page)
    })
    .get('/docs/start.js', (c) => {
      revalidated(c)
      c.header('Content-Type', 'text/javascript; charset=utf-8')
      return c.body(startScript)
    })
}

/** What the page loads and never changes under its name. Mount it before what sets cookies. */
export function docsAssetRoutes() {
  return new Hono<Env>().get(`${assetPath}/:file{${Object.keys(assets).join('|')}}`, (c) => {
    const asset = assets[c.req.param('file')]
    if (asset === undefined) return c.notFound()
    const headers = { 'content-type': asset.type, 'cache-control': 'public, max-age=31536000, immutable' }
    return new Response(Bun.file(asset.path), { headers })
  })
}

/** Compares weakly (RFC 9110, section 13.1.2): a gateway that compresses the document makes its ETag a weak one. */
function isKnown(etag: string, ifNoneMatch = ''): boolean {
  const known = ifNoneMatch.split(',').map((each) => each.trim().replace(/^W\//, ''))
  return known.some((each) => each === etag || each === '*')
}

/** Private, because the first answer to a client brings its cookie. */
function revalidated(c: Context<Env>): void {
  c.header('Cache-Control', 'private, no-cache')
}
