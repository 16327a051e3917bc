/** Substring search: the text may stand anywhere, in any case, and has no special characters. */
import { and, type AnyColumn, ilike, type SQL, sql } from 'drizzle-orm'

/**
 * For a `body` that has an index on `bigrams(body)`, written exactly as there: the pairs of characters find the candidates,
 * the pattern makes sure that they stand together. A single character has no pair.
 */
export function contains(body: SQL | AnyColumn, keyword: string): SQL | undefined {
  const hasPairs = Array.from(keyword).length > 1 ? sql`bigrams(${body}) @> bigrams(${keyword})` : undefined
  return and(hasPairs, isLike(body, keyword))
}

/** Where the rows are few by other means. */
export function isLike(body: SQL | AnyColumn, keyword: string): SQL {
  return ilike(sql`(${body})`, `%${keyword.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`)
}
