/** What comes in and goes out of follows. */
import { Uuid } from '@mopl/contracts/scalars'
import * as v from 'valibot'

export const FollowId = v.object({ followId: Uuid })

/** The body of a new follow, and the query that asks about one. */
export const Followee = v.object({ followeeId: Uuid })

export const FollowDto = v.object({ id: Uuid, followeeId: Uuid, followerId: Uuid })
export type FollowDto = v.InferOutput<typeof FollowDto>
