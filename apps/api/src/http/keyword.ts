/** Substring search: the text may stand anywhere, in any case, and has no special characters. */
import { and, type AnyColumn, ilike, type Placeholder, type SQL, sql } from 'drizzle-orm'

export type Search = { keywordPairs?: string; keywordPattern?: string }

/**
 * A keyword as the statements below want it: the text whose pairs of characters find the candidates, and the pattern that
 * makes sure that they stand together. A single character has no pair.
 */
export function searchFor(keyword: string | undefined): Search {
  if (keyword === undefined) return {}
  const keywordPattern = `%${keyword.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
  return Array.from(keyword).length > 1 ? { keywordPairs: keyword, keywordPattern } : { keywordPattern }
}

type Asked = { [Name in keyof Search]: Placeholder | undefined }

/** For a `body` that has an index on `bigrams(body)`, written exactly as there. */
export function contains(body: SQL | AnyColumn, { keywordPairs, keywordPattern }: Asked): SQL | undefined {
  const hasPairs = keywordPairs && sql`bigrams(${body}) @> bigrams(${keywordPairs})`
  return and(hasPairs, isLike(body, { keywordPattern }))
}

/** Where the rows are few by other means. */
export function isLike(body: SQL | AnyColumn, { keywordPattern }: Pick<Asked, 'keywordPattern'>): SQL | undefined {
  return keywordPattern && ilike(sql`(${body})`, keywordPattern)
}

/** The filters of `paged` that a search is made of. */
export const searching = ['keywordPairs', 'keywordPattern'] as const
