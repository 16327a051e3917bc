/** What comes in and goes out of contents. */
import { ContentSummary, ContentType } from '@mopl/contracts/realtime'
import { Count, limits, Uuid } from '@mopl/contracts/scalars'
import { contents } from '@mopl/infrastructure/tables'
import * as v from 'valibot'
import type { Sort } from '../http/keyset.ts'
import { pageOf, pageQuery } from '../http/page.ts'
import { Keyword, text } from '../http/text.ts'

export const ContentId = v.object({ contentId: Uuid })

const maxTags = 20
const Tag = text({ min: 1, max: limits.tag.max })
/** In the order given, each once. */
const Tags = v.pipe(
  v.array(Tag),
  v.transform((names) => [...new Set(names)]),
  v.maxLength(maxTags),
)
const Title = text({ min: 1, max: limits.title.max })
const Description = text({ max: limits.description.max })

export const NewContent = v.object({ type: ContentType, title: Title, description: Description, tags: Tags })
export type NewContent = v.InferOutput<typeof NewContent>

export const ContentChange = v.object({
  title: v.optional(Title),
  description: v.optional(Description),
  tags: v.optional(Tags),
})
export type ContentChange = v.InferOutput<typeof ContentChange>

export const contentSorts = {
  createdAt: { column: contents.createdAt, type: 'timestamptz' },
  watcherCount: { column: contents.watcherCount, type: 'integer' },
  rate: { column: contents.averageRating, type: 'double precision' },
} satisfies Record<string, Sort>

export const ContentQuery = v.object({
  ...pageQuery(['createdAt', 'watcherCount', 'rate']),
  typeEqual: v.optional(v.pipe(ContentType, v.description('콘텐츠 타입'))),
  keywordLike: v.optional(Keyword),
  tagsIn: v.optional(
    v.pipe(
      v.union([
        Tag,
        v.pipe(
          v.array(Tag),
          v.metadata({ maxItems: maxTags, description: '태그 목록: 하나라도 있는 콘텐츠를 찾습니다' }),
        ),
      ]),
      v.transform((names) => [names].flat()),
      v.maxLength(maxTags),
    ),
  ),
})
export type ContentQuery = v.InferOutput<typeof ContentQuery>

export const ContentDto = v.object({
  ...ContentSummary.entries,
  thumbnailUrl: v.string(),
  watcherCount: Count,
})
export type ContentDto = v.InferOutput<typeof ContentDto>

export const ContentPage = pageOf(ContentDto)
