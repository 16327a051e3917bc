/** The whole HTTP interface: the order of the layers, and where each feature is mounted. */
import { Hono } from 'hono'
import { authRoutes } from './auth/routes.ts'
import { contentRoutes } from './contents/routes.ts'
import { conversationRoutes } from './conversations/routes.ts'
import type { Deps } from './deps.ts'
import { followRoutes } from './follows/routes.ts'
import { answerHeaders } from './http/answer-headers.ts'
import { clientAddress } from './http/client-address.ts'
import { acrossOrigins } from './http/across-origins.ts'
import { csrf } from './http/csrf.ts'
import type { Env } from './http/env.ts'
import { notFound } from './http/not-found.ts'
import { onError } from './http/on-error.ts'
import { requestLog } from './http/request-log.ts'
import { ringAfterWrites } from './http/ring-outbox.ts'
import { createRouter } from './http/router.ts'
import { notificationRoutes } from './notifications/routes.ts'
import { docsAssetRoutes, openApiRoutes } from './openapi/routes.ts'
import { oauthRoutes } from './oauth/routes.ts'
import { bucketRoutes } from './pictures/routes.ts'
import { playlistRoutes } from './playlists/routes.ts'
import { reviewRoutes } from './reviews/routes.ts'
import { userRoutes } from './users/routes.ts'
import { contentWatchingRoutes, userWatchingRoutes } from './watching-sessions/routes.ts'

export function createApp(deps: Deps): Hono<Env> {
  const app = new Hono<Env>({ router: createRouter() })

  // Before everything else: a scrape every few seconds is no request worth a line, and needs neither cookie nor CORS.
  app.use('/actuator/*', async (c, next) => {
    const answer = c.req.method === 'GET' ? await deps.health.answer(c.req.path) : undefined
    if (answer === undefined) return next()
    return new Response(answer.body, { status: answer.status, headers: { 'content-type': answer.contentType } })
  })

  app.use(requestLog(deps))
  app.use(clientAddress(deps))
  app.use(answerHeaders())
  app.use(acrossOrigins(deps))
  // Without cookies, because caches that many share may keep them.
  app.route('/api', docsAssetRoutes())
  if (deps.bucket !== undefined) app.route('/media', bucketRoutes(deps.bucket))
  app.use(csrf(deps))
  app.use(ringAfterWrites(deps.ringOutbox))

  app.route('/api/auth', authRoutes(deps))
  app.route('/api/users', userRoutes(deps))
  app.route('/api/users', userWatchingRoutes(deps))
  app.route('/api/contents', contentRoutes(deps))
  app.route('/api/contents', contentWatchingRoutes(deps))
  app.route('/api/reviews', reviewRoutes(deps))
  app.route('/api/playlists', playlistRoutes(deps))
  app.route('/api/follows', followRoutes(deps))
  app.route('/api/conversations', conversationRoutes(deps))
  app.route('/api/notifications', notificationRoutes(deps))

  app.route('/api', openApiRoutes(app))
  app.route('/', oauthRoutes(deps))

  app.notFound(notFound(app))
  app.onError(onError)
  return app
}
