/** The catalogue, page by page. */
import type { Sql } from '@mopl/infrastructure/postgres'
import { contents } from '@mopl/infrastructure/tables'
import { and, eq, type SQL, sql } from 'drizzle-orm'
import { contains } from '../http/keyword.ts'
import { keyset, type Page, toPage } from '../http/page.ts'
import { type ContentDto, type ContentQuery, contentSorts } from './schemas.ts'
import { contentColumns, toContentDto } from './summary.ts'

export async function listContents(db: Sql, query: ContentQuery): Promise<Page<ContentDto>> {
  const { cursor, after, orderBy, limit } = keyset(query, contentSorts, contents.id)
  const filter = and(
    query.typeEqual && eq(contents.type, query.typeEqual),
    query.keywordLike === undefined ? undefined : contains(searched, query.keywordLike),
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

/** As `ix_contents_bigrams` has it. */
const searched = sql`${contents.title} || ' ' || ${contents.description}`

function hasAnyTag(names: readonly string[]): SQL {
  return sql`exists (
    select 1 from content_tags join tags on tags.id = content_tags.tag_id
    where content_tags.content_id = contents.id and tags.name = any(${sql.param(names)})
  )`
}
