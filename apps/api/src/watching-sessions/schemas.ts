/** What comes in to ask who watches; what goes out is `WatchingSessionDto` of the contracts. */
import { WatchingSessionDto } from '@mopl/contracts/realtime'
import { Uuid } from '@mopl/contracts/scalars'
import * as v from 'valibot'
import { pageOf, pageQuery } from '../http/page.ts'
import { Keyword } from '../http/text.ts'

export const WatcherId = v.object({ watcherId: Uuid })

export const WatchingSessionQuery = v.object({
  ...pageQuery(['createdAt']),
  watcherNameLike: v.optional(v.pipe(Keyword, v.description('시청자 이름'))),
})
export type WatchingSessionQuery = v.InferOutput<typeof WatchingSessionQuery>

export const WatchingSessionPage = pageOf(WatchingSessionDto)
