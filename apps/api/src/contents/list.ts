/** The catalogue, page by page. */
import type { Sql } from '@mopl/infrastructure/postgres'
import { contents } from '@mopl/infrastructure/tables'
import { and, eq, type Placeholder, type SQL, sql } from 'drizzle-orm'
import { containsEvenOneLetter, type Search, searchFor, searching } from '../http/keyword.ts'
import { type Page, toPage } from '../http/page.ts'
import { type Asked, paged } from '../http/paged.ts'
import { countAll, countWhere } from '../http/total-count.ts'
import { type ContentDto, type ContentQuery, contentSorts } from './schemas.ts'
import { contentColumns, toContentDto } from './summary.ts'

export async function listContents(db: Sql, query: ContentQuery): Promise<Page<ContentDto>> {
  const { rows, totalCount } = await readContents(db, { ...query, ...searchFor(query.keywordLike) })
  return toPage(query, rows, totalCount, toContentDto)
}

type Query = ContentQuery & Search

const readContents = paged<Query>({
  sorts: contentSorts,
  id: contents.id,
  selective: [...searching, 'tagsIn'],
})((db, asked, { cursor, after, orderBy, limit }) => {
  const filter = and(
    asked.typeEqual && eq(contents.type, asked.typeEqual),
    containsEvenOneLetter(searched, asked),
    asked.tagsIn && hasAnyTag(asked.tagsIn),
  )
  return db
    .select({ ...contentColumns, cursor, totalCount: totalOf(asked, filter) })
    .from(contents)
    .where(and(filter, after))
    .orderBy(...orderBy)
    .limit(limit)
})

/** As `ix_contents_bigrams` and `ix_contents_letters` have it. */
const searched = sql`${contents.title} || ' ' || ${contents.description}`

function hasAnyTag(names: Placeholder): SQL {
  return sql`exists (
    select 1 from content_tags join tags on tags.id = content_tags.tag_id
    where content_tags.content_id = contents.id and tags.name = any(${names})
  )`
}

function totalOf({ typeEqual, keywordPattern, tagsIn }: Asked<Query>, filter: SQL | undefined): SQL<number> {
  const isCounted = keywordPattern === undefined && tagsIn === undefined
  return isCounted ? countAll(contents, typeEqual) : countWhere(contents, filter)
}
