/** What comes in to ask for notifications; what goes out is `NotificationDto` of the contracts. */
import { NotificationDto } from '@mopl/contracts/realtime'
import { Uuid } from '@mopl/contracts/scalars'
import { notifications } from '@mopl/infrastructure/tables'
import * as v from 'valibot'
import type { Sort } from '../http/keyset.ts'
import { pageOf, pageQuery } from '../http/page.ts'

export const NotificationId = v.object({ notificationId: Uuid })

export const notificationSorts = {
  createdAt: { column: notifications.createdAt, type: 'timestamptz' },
} satisfies Record<string, Sort>

export const NotificationQuery = v.object(pageQuery(['createdAt']))
export type NotificationQuery = v.InferOutput<typeof NotificationQuery>

export const NotificationPage = pageOf(NotificationDto)
