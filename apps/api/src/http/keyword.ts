/** Substring search: the text may stand anywhere, in any case, and has no special characters. */
import { and, type AnyColumn, ilike, type Placeholder, type SQL, sql } from 'drizzle-orm'

export type Search = { keywordPairs?: string; keywordLetter?: string; keywordPattern?: string }

/**
 * A keyword as the statements below want it: the text whose pairs of characters find the candidates, or the one character
 * that has no pair, and the pattern that makes sure that they stand together.
 */
export function searchFor(keyword: string | undefined): Search {
  if (keyword === undefined) return {}
  const keywordPattern = `%${keyword.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
  const isLetter = Array.from(keyword).length === 1
  return isLetter ? { keywordLetter: keyword, keywordPattern } : { keywordPairs: keyword, keywordPattern }
}

type Asked = { [Name in keyof Search]: Placeholder | undefined }

/** For a `body` that has an index on `bigrams(body)`, written exactly as there. */
export function contains(body: SQL | AnyColumn, { keywordPairs, keywordPattern }: Asked): SQL | undefined {
  const hasPairs = keywordPairs && sql`bigrams(${body}) @> bigrams(${keywordPairs})`
  return and(hasPairs, isLike(body, { keywordPattern }))
}

/** For one that has an index on `letters(body)` too: a character that is nowhere would be looked for in every row. */
export function containsEvenOneLetter(body: SQL, asked: Asked): SQL | undefined {
  const hasLetter = asked.keywordLetter && sql`letters(${body}) @> letters(${asked.keywordLetter})`
  return and(hasLetter, contains(body, asked))
}

/** Where the rows are few by other means. */
export function isLike(body: SQL | AnyColumn, { keywordPattern }: Pick<Asked, 'keywordPattern'>): SQL | undefined {
  return keywordPattern && ilike(sql`(${body})`, keywordPattern)
}

/** The filters of `paged` that a search is made of. */
export const searching = ['keywordPairs', 'keywordLetter', 'keywordPattern'] as const
