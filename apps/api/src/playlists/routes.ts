/** /api/playlists */
import { Hono } from 'hono'
import type { Deps } from '../deps.ts'
import { authenticate } from '../http/authenticate.ts'
import type { Env } from '../http/env.ts'
import { once } from '../http/once.ts'
import { valid } from '../http/validate.ts'
import { addContent, createPlaylist, deletePlaylist, removeContent, updatePlaylist } from './playlists.ts'
import { getPlaylist, listPlaylists } from './read.ts'
import { NewPlaylist, PlaylistChange, PlaylistContentId, PlaylistId, PlaylistQuery } from './schemas.ts'
import { subscribe, unsubscribe } from './subscriptions.ts'

export function playlistRoutes(deps: Deps) {
  const { db } = deps
  const signedIn = authenticate(deps)
  const onePlaylist = valid('param', PlaylistId)
  const oneContent = valid('param', PlaylistContentId)
  return new Hono<Env>()
    .get('/', signedIn, valid('query', PlaylistQuery), async (c) =>
      c.json(await listPlaylists(db, c.var.user.id, c.req.valid('query'))),
    )
    .post('/', signedIn, valid('json', NewPlaylist), once(deps, 'json'), async (c) =>
      c.json(await createPlaylist(c.var.db, c.var.user.id, c.req.valid('json'), c.var.requestId), 201),
    )
    .get('/:playlistId', signedIn, onePlaylist, async (c) =>
      c.json(await getPlaylist(db, c.var.user.id, c.req.valid('param').playlistId)),
    )
    .patch('/:playlistId', signedIn, onePlaylist, valid('json', PlaylistChange), async (c) =>
      c.json(await updatePlaylist(db, c.var.user.id, c.req.valid('param').playlistId, c.req.valid('json'))),
    )
    .delete('/:playlistId', signedIn, onePlaylist, async (c) => {
      await deletePlaylist(db, c.var.user.id, c.req.valid('param').playlistId)
      return c.body(null, 200)
    })
    .post('/:playlistId/subscription', signedIn, onePlaylist, once(deps), async (c) => {
      await subscribe(c.var.db, c.var.user.id, c.req.valid('param').playlistId, c.var.requestId)
      return c.body(null, 204)
    })
    .delete('/:playlistId/subscription', signedIn, onePlaylist, async (c) => {
      await unsubscribe(db, c.var.user.id, c.req.valid('param').playlistId, c.var.requestId)
      return c.body(null, 204)
    })
    .post('/:playlistId/contents/:contentId', signedIn, oneContent, once(deps), async (c) => {
      await addContent(c.var.db, c.var.user.id, c.req.valid('param'), c.var.requestId)
      return c.body(null, 204)
    })
    .delete('/:playlistId/contents/:contentId', signedIn, oneContent, async (c) => {
      await removeContent(db, c.var.user.id, c.req.valid('param'))
      return c.body(null, 204)
    })
}
