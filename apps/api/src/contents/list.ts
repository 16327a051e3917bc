/** The catalogue, page by page. */
import type { Sql } from '@mopl/infrastructure/postgres'
import { contents } from '@mopl/infrastructure/tables'
import { and, eq, type SQL, sql } from 'drizzle-orm'
import { keyset, type Page, toPage } from '../http/page.ts'
import { type ContentDto, type ContentQuery, contentSorts } from './schemas.ts'
import { contentColumns, toContentDto } from './summary.ts'

export async function listContents(db: Sql, query: ContentQuery): Promise<Page<ContentDto>> {
  const { cursor, after, orderBy, limit } = keyset(query, contentSorts, contents.id)
  const filter = and(
    query.typeEqual && eq(contents.type, query.typeEqual),
    query.keywordLike === undefined ? undefined : mentions(query.keywordLike),
    query.tagsIn && hasAnyTag(query.tagsIn),
  )
  const [rows, totalCount] = await Promise.all([
    db
      .select({ ...contentColumns, cursor })
      .from(contents)
      .where(and(filter, after))
      .orderBy(...orderBy)
      .limit(limit),
    db.$count(contents, filter),
  ])
  return toPage(query, rows, totalCount, toContentDto)
}

/**
 * The bigrams find the candidates by index (`ix_contents_bigrams`, whose expression this repeats); the pattern makes sure
 * that they stand together. A single character has no bigram.
 */
function mentions(keyword: string): SQL | undefined {
  const body = sql`${contents.title} || ' ' || ${contents.description}`
  const pattern = `%${keyword.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
  return and(
    Array.from(keyword).length > 1 ? sql`bigrams(${body}) @> bigrams(${keyword})` : undefined,
    sql`(${body}) ilike ${pattern}`,
  )
}

function hasAnyTag(names: readonly string[]): SQL {
  return sql`exists (
    select 1 from content_tags join tags on tags.id = content_tags.tag_id
    where content_tags.content_id = contents.id and tags.name = any(${sql.param(names)})
  )`
}
