/** One's own notifications. The worker makes them; here they are read and put away. */
import { AppError } from '@mopl/contracts/errors'
import type { NotificationDto } from '@mopl/contracts/realtime'
import type { Sql } from '@mopl/infrastructure/postgres'
import { notifications } from '@mopl/infrastructure/tables'
import { and, eq, isNull, sql } from 'drizzle-orm'
import { isoTime } from '../http/iso-time.ts'
import { type Page, toPage } from '../http/page.ts'
import { paged } from '../http/paged.ts'
import { countWhere } from '../http/total-count.ts'
import { type NotificationQuery, notificationSorts } from './schemas.ts'

const notificationColumns = {
  id: notifications.id,
  createdAt: isoTime(notifications.createdAt),
  receiverId: notifications.receiverId,
  title: notifications.title,
  content: notifications.content,
  level: notifications.level,
}

/** The unread ones. */
export async function listNotifications(
  db: Sql,
  receiverId: string,
  query: NotificationQuery,
): Promise<Page<NotificationDto>> {
  const { rows, totalCount } = await readNotifications(db, { ...query, receiverId })
  return toPage(query, rows, totalCount, ({ id, createdAt, receiverId, title, content, level }) => ({
    id,
    createdAt,
    receiverId,
    title,
    content,
    level,
  }))
}

const readNotifications = paged<NotificationQuery & { receiverId: string }>({
  sorts: notificationSorts,
  id: notifications.id,
})((db, asked, { cursor, after, orderBy, limit }) => {
  const filter = and(eq(notifications.receiverId, asked.receiverId), isNull(notifications.readAt))
  return db
    .select({ ...notificationColumns, cursor, totalCount: countWhere(notifications, filter) })
    .from(notifications)
    .where(and(filter, after))
    .orderBy(...orderBy)
    .limit(limit)
})

/**
 * Again is as good as once.
 *
 * @throws {AppError} NOTIFICATION_NOT_FOUND, also for another's: that it exists is nobody else's business
 */
export async function markNotificationRead(db: Sql, receiverId: string, notificationId: string): Promise<void> {
  const { rowCount } = await db
    .update(notifications)
    .set({ readAt: sql`coalesce(${notifications.readAt}, now())` })
    .where(and(eq(notifications.id, notificationId), eq(notifications.receiverId, receiverId)))
  if (rowCount === 0) throw new AppError('NOTIFICATION_NOT_FOUND')
}
