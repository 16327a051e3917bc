/** Which answers about contents are kept. */
import { redisKeys } from '@mopl/contracts/redis-keys'
import type { Entry } from '../http/answer-cache.ts'
import type { ContentQuery } from './schemas.ts'

export function contentEntry(contentId: string): Entry {
  return { kind: 'content', key: redisKeys.contentAnswers(contentId), field: 'dto' }
}

/** Only first pages without a search: they are the same for everybody, and few. */
export function catalogueEntry(query: ContentQuery): Entry | undefined {
  const { limit, sortBy, sortDirection, typeEqual = '', cursor, idAfter, keywordLike, tagsIn } = query
  const isFirst = cursor === undefined && idAfter === undefined
  if (!isFirst || keywordLike !== undefined || tagsIn !== undefined) return undefined
  const field = [sortBy, sortDirection, limit, typeEqual].join(' ')
  return { kind: 'catalogue', key: redisKeys.catalogueAnswers, field }
}
