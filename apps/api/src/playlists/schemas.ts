/** What comes in and goes out of playlists. */
import { ContentSummary, UserSummary } from '@mopl/contracts/realtime'
import { Count, Instant, limits, Uuid } from '@mopl/contracts/scalars'
import { playlists } from '@mopl/infrastructure/tables'
import * as v from 'valibot'
import type { Sort } from '../http/keyset.ts'
import { pageOf, pageQuery } from '../http/page.ts'
import { Keyword, text } from '../http/text.ts'

export const PlaylistId = v.object({ playlistId: Uuid })
export const PlaylistContentId = v.object({ playlistId: Uuid, contentId: Uuid })

const Title = text({ min: 1, max: limits.title.max })
const Description = text({ max: limits.description.max })

export const NewPlaylist = v.object({ title: Title, description: Description })
export type NewPlaylist = v.InferOutput<typeof NewPlaylist>

export const PlaylistChange = v.object({ title: v.optional(Title), description: v.optional(Description) })
export type PlaylistChange = v.InferOutput<typeof PlaylistChange>

export const playlistSorts = {
  updatedAt: { column: playlists.updatedAt, type: 'timestamptz' },
  subscribeCount: { column: playlists.subscriberCount, type: 'integer' },
} satisfies Record<string, Sort>

export const PlaylistQuery = v.object({
  ...pageQuery(['updatedAt', 'subscribeCount']),
  keywordLike: v.optional(Keyword),
  ownerIdEqual: v.optional(v.pipe(Uuid, v.description('소유자 ID'))),
  subscriberIdEqual: v.optional(v.pipe(Uuid, v.description('구독자 ID'))),
})
export type PlaylistQuery = v.InferOutput<typeof PlaylistQuery>

export const PlaylistDto = v.object({
  id: Uuid,
  owner: UserSummary,
  title: v.string(),
  description: v.string(),
  updatedAt: Instant,
  subscriberCount: Count,
  subscribedByMe: v.boolean(),
  /** In the order in which they were added. */
  contents: v.array(ContentSummary),
})
export type PlaylistDto = v.InferOutput<typeof PlaylistDto>

export const PlaylistPage = pageOf(PlaylistDto)
