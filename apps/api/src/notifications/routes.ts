/** /api/notifications */
import { Hono } from 'hono'
import type { Deps } from '../deps.ts'
import { sendPage } from '../http/answer-headers.ts'
import { authenticate } from '../http/authenticate.ts'
import { describing, explained, refuses, returns } from '../http/describe.ts'
import type { Env } from '../http/env.ts'
import { valid } from '../http/validate.ts'
import { listNotifications, markNotificationRead } from './notifications.ts'
import { NotificationId, NotificationPage, NotificationQuery } from './schemas.ts'

const describe = describing('알림')

export function notificationRoutes(deps: Deps) {
  const { db } = deps
  const signedIn = authenticate(deps)
  return new Hono<Env>()
    .get(
      '/',
      describe(
        'getNotifications',
        '알림 목록 조회 (커서 페이지네이션)',
        explained('API 요청자의 알림 목록만 조회할 수 있습니다.'),
        returns(200, NotificationPage),
      ),
      signedIn,
      valid('query', NotificationQuery),
      async (c) => sendPage(await listNotifications(db, c.var.user.id, c.req.valid('query'))),
    )
    .delete(
      '/:notificationId',
      describe('readNotification', '알림 읽음 처리', returns(204), refuses('NOTIFICATION_NOT_FOUND')),
      signedIn,
      valid('param', NotificationId),
      async (c) => {
        await markNotificationRead(db, c.var.user.id, c.req.valid('param').notificationId)
        return c.body(null, 204)
      },
    )
}
