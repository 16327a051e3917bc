/** Watching sessions, asked by content and by watcher. */
import { Hono } from 'hono'
import { ContentId } from '../contents/schemas.ts'
import type { Deps } from '../deps.ts'
import { authenticate } from '../http/authenticate.ts'
import type { Env } from '../http/env.ts'
import { valid } from '../http/validate.ts'
import { WatcherId, WatchingSessionQuery } from './schemas.ts'
import { findWatchingSession, listWatchingSessions } from './watching-sessions.ts'

/** Under /api/contents */
export function contentWatchingRoutes(deps: Deps) {
  return new Hono<Env>().get(
    '/:contentId/watching-sessions',
    authenticate(deps),
    valid('param', ContentId),
    valid('query', WatchingSessionQuery),
    async (c) => c.json(await listWatchingSessions(deps, c.req.valid('param').contentId, c.req.valid('query'))),
  )
}

/** Under /api/users */
export function userWatchingRoutes(deps: Deps) {
  return new Hono<Env>().get(
    '/:watcherId/watching-sessions',
    authenticate(deps),
    valid('param', WatcherId),
    async (c) => c.json(await findWatchingSession(deps, c.req.valid('param').watcherId)),
  )
}
