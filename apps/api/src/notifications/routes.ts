/** /api/notifications */
import { Hono } from 'hono'
import type { Deps } from '../deps.ts'
import { authenticate } from '../http/authenticate.ts'
import type { Env } from '../http/env.ts'
import { valid } from '../http/validate.ts'
import { listNotifications, markNotificationRead } from './notifications.ts'
import { NotificationId, NotificationQuery } from './schemas.ts'

export function notificationRoutes(deps: Deps) {
  const { db } = deps
  const signedIn = authenticate(deps)
  return new Hono<Env>()
    .get('/', signedIn, valid('query', NotificationQuery), async (c) =>
      c.json(await listNotifications(db, c.var.user.id, c.req.valid('query'))),
    )
    .delete('/:notificationId', signedIn, valid('param', NotificationId), async (c) => {
      await markNotificationRead(db, c.var.user.id, c.req.valid('param').notificationId)
      return c.body(null, 204)
    })
}
