/**
 * Every list walks an index that has its order, so that a page costs the same on a thousand rows and on a million.
 *
 * Some questions have no such index, and sort what another index found: a keyword (the rows that contain it), tags (the
 * contents that have one of them), a subscriber (that user's subscriptions), a rare value beside another order. What they
 * sort grows with the answer, not with the table.
 */
import { afterAll, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { openRecordingApi, type Statement } from '../testing-statements.ts'
import type { Page } from './page.ts'

const { api, recorded, planOf, close } = await openRecordingApi()
afterAll(close)
const reader = await api.aUser({ role: 'ADMIN' })
const contentId = await api.aContent({ title: '리뷰가 많은 것' })

const seed = [
  `insert into users (id, email, name, created_at, is_locked, role)
     select gen_random_uuid(), 'u' || n || '@mopl.test', '이름 ' || n % 97, now() - n * interval '1 minute', n % 50 = 0,
       case when n % 100 = 0 then 'ADMIN' else 'USER' end from generate_series(1, 3000) as n`,
  `insert into contents (id, type, title, description, created_at, watcher_count, rating_sum, review_count)
     select gen_random_uuid(), (array['movie', 'tvSeries', 'sport'])[n % 3 + 1], '제목 ' || md5(n::text), '설명',
       now() - n * interval '1 minute', n % 40, n % 5, 1 from generate_series(1, 3000) as n`,
  `insert into tags (id, name) select gen_random_uuid(), 'tag ' || n from generate_series(1, 3000) as n`,
  `insert into content_tags (content_id, tag_id, position)
     select contents.id, tags.id, 0 from (select id, row_number() over () as n from contents) as contents
     join (select id, row_number() over () as n from tags) as tags on tags.n = contents.n % 3000 + 1`,
  `insert into reviews (id, content_id, author_id, text, rating, created_at)
     select gen_random_uuid(), contents.id, '${reader.id}', '.', random() * 5, now() - random() * interval '1 year' from contents`,
  `insert into reviews (id, content_id, author_id, text, rating, created_at)
     select gen_random_uuid(), '${contentId}', users.id, '.', random() * 5, now() - random() * interval '1 year'
     from users where id <> '${reader.id}' limit 500`,
  `insert into playlists (id, owner_id, title, description, updated_at, subscriber_count)
     select gen_random_uuid(), case when n % 10 = 0 then '${reader.id}' else id end, '목록 ' || md5(n::text), '',
       now() - n * interval '1 minute', n % 30 from (select id, row_number() over () as n from users) as users`,
  `insert into playlist_subscriptions (playlist_id, subscriber_id) select id, owner_id from playlists`,
  `insert into conversations (id, lower_user_id, higher_user_id, created_at)
     select gen_random_uuid(), least(id, next), greatest(id, next), now() - random() * interval '1 year'
     from (select id, lead(id, 7) over (order by id) as next from users) as pairs where next is not null`,
  `insert into conversations (id, lower_user_id, higher_user_id, created_at)
     select gen_random_uuid(), least(id, '${reader.id}'), greatest(id, '${reader.id}'), now() - random() * interval '1 year'
     from users where id <> '${reader.id}' limit 300 on conflict do nothing`,
  `insert into conversation_participants (conversation_id, user_id, created_at)
     select id, unnest(array[lower_user_id, higher_user_id]), created_at from conversations`,
  `insert into direct_messages (id, conversation_id, sender_id, receiver_id, created_at, content)
     select gen_random_uuid(), id, lower_user_id, higher_user_id, now() - n * interval '1 minute', '안녕 ' || md5(n::text)
     from conversations cross join generate_series(1, 3) as n`,
  `insert into direct_messages (id, conversation_id, sender_id, receiver_id, created_at, content)
     select gen_random_uuid(), id, lower_user_id, higher_user_id, now() - n * interval '1 second', '안녕'
     from (select * from conversations where '${reader.id}' in (lower_user_id, higher_user_id) limit 1) as busy
     cross join generate_series(1, 500) as n`,
  `insert into notifications (id, event_id, receiver_id, created_at, title, content, read_at)
     select gen_random_uuid(), gen_random_uuid(), case when n % 5 = 0 then '${reader.id}' else id end,
       now() - n * interval '1 minute', '제목', '내용', case when n % 3 = 0 then now() end
     from (select id, row_number() over () as n from users) as users`,
  'vacuum analyze',
]
for (const statement of seed) await api.deps.db.execute(sql.raw(statement))

type Question = { path: string; sorts: string[]; filter?: Record<string, string>; maySort?: boolean }

const timed = ['createdAt']
const contentSorts = ['createdAt', 'watcherCount', 'rate']
const userSorts = ['name', 'email', 'createdAt', 'isLocked', 'role']
const reviewSorts = ['createdAt', 'rating']
const playlistSorts = ['updatedAt', 'subscribeCount']
const questions: Question[] = [
  { path: '/api/contents', sorts: contentSorts },
  { path: '/api/contents', sorts: contentSorts, filter: { typeEqual: 'movie' } },
  { path: '/api/contents', sorts: contentSorts, filter: { keywordLike: 'a87ff6' }, maySort: true },
  { path: '/api/contents', sorts: contentSorts, filter: { keywordLike: '힣' }, maySort: true },
  { path: '/api/contents', sorts: contentSorts, filter: { tagsIn: 'tag 7' }, maySort: true },
  { path: '/api/reviews', sorts: reviewSorts },
  { path: '/api/reviews', sorts: reviewSorts, filter: { contentId } },
  { path: '/api/users', sorts: userSorts },
  { path: '/api/users', sorts: userSorts, filter: { roleEqual: 'USER' } },
  { path: '/api/users', sorts: userSorts, filter: { isLocked: 'false' } },
  { path: '/api/users', sorts: userSorts, filter: { roleEqual: 'ADMIN' }, maySort: true },
  { path: '/api/users', sorts: userSorts, filter: { isLocked: 'true' }, maySort: true },
  { path: '/api/users', sorts: userSorts, filter: { emailLike: 'u2718' }, maySort: true },
  { path: '/api/playlists', sorts: playlistSorts },
  { path: '/api/playlists', sorts: playlistSorts, filter: { ownerIdEqual: reader.id } },
  { path: '/api/playlists', sorts: playlistSorts, filter: { subscriberIdEqual: reader.id }, maySort: true },
  { path: '/api/playlists', sorts: playlistSorts, filter: { keywordLike: 'a87ff6' }, maySort: true },
  { path: '/api/playlists', sorts: playlistSorts, filter: { keywordLike: '힣' }, maySort: true },
  { path: '/api/conversations', sorts: timed },
  { path: '/api/conversations', sorts: timed, filter: { keywordLike: 'a87ff6' } },
  { path: '/api/conversations/BUSY/direct-messages', sorts: timed },
  { path: '/api/notifications', sorts: timed },
]

type Plan = { 'Node Type': string; 'Relation Name'?: string; 'Parent Relationship'?: string; Plans?: Plan[] }

const beside = new Set(['SubPlan', 'InitPlan'])

/** The nodes of a plan; what stands beside the walk is not part of it: one row's tags in their order, or the total. */
function nodesOf(plan: Plan): Plan[] {
  const parts = (plan.Plans ?? []).filter((part) => !beside.has(part['Parent Relationship'] ?? ''))
  return [plan, ...parts.flatMap(nodesOf)]
}

async function busyConversation(): Promise<string> {
  const { rows } = await api.db.execute<{ id: string }>(
    sql`select conversation_id as id from direct_messages group by 1 order by count(*) desc limit 1`,
  )
  return rows[0]!.id
}

/** Asks for a page; the statement that finds its rows, and where the next page starts. */
async function ask(path: string, query: Record<string, string>) {
  const search = new URLSearchParams(query)
  const { statements, answer } = await recorded(() => api.call('GET', `${path}?${search.toString()}`, reader))
  expect({ path, query, answer }).toMatchObject({ answer: { status: 200 } })
  const walk = statements.find((statement) => / limit \d+$/.test(statement.query))
  return { walk: walk!, page: answer.body as Page<unknown> }
}

/** Those too. */
function allNodesOf(plan: Plan): Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(allNodesOf)]
}

async function assertWalksIndex(statement: Statement, maySort: boolean): Promise<void> {
  const nodes = nodesOf((await planOf(statement)) as Plan)
  const bad = maySort ? ['Seq Scan'] : ['Seq Scan', 'Sort', 'Incremental Sort']
  const found = nodes.filter((node) => bad.includes(node['Node Type']))
  expect({ statement, found: found.map((node) => [node['Node Type'], node['Relation Name']]) }).toEqual({
    statement,
    found: [],
  })
}

const asked = questions.flatMap(({ path, sorts, filter = {}, maySort = false }) =>
  sorts.flatMap((sortBy) =>
    ['ASCENDING', 'DESCENDING'].map((sortDirection) => {
      const query: Record<string, string> = Object.assign({ limit: '20', sortBy, sortDirection }, filter)
      return { path, query, maySort, name: `${path} ${JSON.stringify(filter)} by ${sortBy} ${sortDirection}` }
    }),
  ),
)

test.each(asked)('$name is found by index', async ({ path, query, maySort }) => {
  const address = path.replace('BUSY', await busyConversation())
  const { walk, page } = await ask(address, query)
  await assertWalksIndex(walk, maySort)
  if (page.nextCursor === null || page.nextIdAfter === null) return
  const next = await ask(address, { ...query, cursor: page.nextCursor, idAfter: page.nextIdAfter })
  await assertWalksIndex(next.walk, maySort)
})

test.each(['a', '0a', '힣', '힣힣'])(
  'neither the page nor the total of a search for %p reads the whole table',
  async (word) => {
    for (const [path, table] of [
      ['/api/contents', 'contents'],
      ['/api/playlists', 'playlists'],
    ] as const) {
      const sortBy = table === 'contents' ? 'createdAt' : 'updatedAt'
      const { walk } = await ask(path, { limit: '20', sortBy, sortDirection: 'DESCENDING', keywordLike: word })
      const scans = allNodesOf((await planOf(walk)) as Plan).filter((node) => node['Node Type'] === 'Seq Scan')
      expect(scans.map((node) => node['Relation Name'])).not.toContain(table)
    }
  },
)
