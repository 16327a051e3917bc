/** What comes in to ask who watches; what goes out is `WatchingSessionDto` of the contracts. */
import { Uuid } from '@mopl/contracts/scalars'
import * as v from 'valibot'
import { pageQuery } from '../http/page.ts'
import { Keyword } from '../http/text.ts'

export const WatcherId = v.object({ watcherId: Uuid })

export const WatchingSessionQuery = v.object({ ...pageQuery(['createdAt']), watcherNameLike: v.optional(Keyword) })
export type WatchingSessionQuery = v.InferOutput<typeof WatchingSessionQuery>
