/** /api/contents */
import { Hono } from 'hono'
import type { Deps } from '../deps.ts'
import { authenticate, requireAdmin } from '../http/authenticate.ts'
import type { Env } from '../http/env.ts'
import { once } from '../http/once.ts'
import { validParts } from '../http/parts.ts'
import { valid } from '../http/validate.ts'
import { createContent, deleteContent, getContent, updateContent } from './contents.ts'
import { listContents } from './list.ts'
import { ContentChange, ContentId, ContentQuery, NewContent } from './schemas.ts'

export function contentRoutes(deps: Deps) {
  const signedIn = authenticate(deps)
  const oneContent = valid('param', ContentId)
  return new Hono<Env>()
    .get('/', signedIn, valid('query', ContentQuery), async (c) =>
      c.json(await listContents(deps.db, c.req.valid('query'))),
    )
    .post('/', signedIn, requireAdmin, validParts(NewContent, 'thumbnail'), once(deps, 'form'), async (c) => {
      const { request, picture } = c.req.valid('form')
      return c.json(await createContent({ ...deps, db: c.var.db }, request, picture, c.var.requestId), 201)
    })
    .get('/:contentId', signedIn, oneContent, async (c) =>
      c.json(await getContent(deps.db, c.req.valid('param').contentId)),
    )
    .patch('/:contentId', signedIn, requireAdmin, oneContent, validParts(ContentChange, 'thumbnail'), async (c) => {
      const { request, picture } = c.req.valid('form')
      return c.json(await updateContent(deps, c.req.valid('param').contentId, request, picture, c.var.requestId))
    })
    .delete('/:contentId', signedIn, requireAdmin, oneContent, async (c) => {
      await deleteContent(deps, c.req.valid('param').contentId, c.var.requestId)
      return c.body(null, 200)
    })
}
