/** The api's statements, by hand. */

const content = `contents.id, contents.type, contents.title, contents.description, contents.thumbnail_key, contents.average_rating,
  contents.review_count, contents.watcher_count, array(
    select tags.name from content_tags join tags on tags.id = content_tags.tag_id
    where content_tags.content_id = contents.id order by content_tags.position
  ) as tags`
const author = `users.id as user_id, users.name as user_name, users.profile_image_key as user_image`

const moment = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
const rowsOf = (relation: string) => `(select coalesce(sum(rows), 0) from row_counts where relation = '${relation}')`
const latest = (column: string, id: string) => `order by ${column} desc, ${id} desc limit 21`

const contents = (sort: string, cursor: string, total: string, where = '') => `
  select ${content}, ${cursor} as cursor, ${total}::int as total from contents ${where} ${latest(sort, 'contents.id')}`
const before = (sort: string, type: string) => `(${sort}, contents.id) < ($1::${type}, $2::uuid)`

const contains = `bigrams(contents.title || ' ' || contents.description) @> bigrams($1)
  and (contents.title || ' ' || contents.description) ilike $2`

const reviews = (sort: string, cursor: string, total: string, where = '') => `
  select reviews.id, reviews.content_id, ${author}, reviews.text, reviews.rating, ${cursor} as cursor, ${total}::int as total
  from reviews join users on users.id = reviews.author_id ${where} ${latest(sort, 'reviews.id')}`

const playlists = (sort: string, cursor: string, total: string, where = '') => `
  select playlists.id, ${author}, playlists.title, playlists.description, ${moment('playlists.updated_at')} as updated_at,
    playlists.subscriber_count, exists (
      select from playlist_subscriptions as mine where mine.playlist_id = playlists.id and mine.subscriber_id = $1
    ) as subscribed, ${cursor} as cursor, ${total}::int as total
  from playlists join users on users.id = playlists.owner_id ${where} ${latest(sort, 'playlists.id')}`

export const statements = {
  content: `select ${content} from contents where contents.id = $1`,
  firstContents: contents('contents.created_at', moment('contents.created_at'), rowsOf('contents')),
  contentsByCreatedAt: contents(
    'contents.created_at',
    moment('contents.created_at'),
    rowsOf('contents'),
    `where ${before('contents.created_at', 'timestamptz')}`,
  ),
  contentsByWatcherCount: contents(
    'contents.watcher_count',
    'contents.watcher_count::text',
    rowsOf('contents'),
    `where ${before('contents.watcher_count', 'integer')}`,
  ),
  contentsByRate: contents(
    'contents.average_rating',
    'contents.average_rating::text',
    rowsOf('contents'),
    `where ${before('contents.average_rating', 'double precision')}`,
  ),
  contentsOfType: contents(
    'contents.created_at',
    moment('contents.created_at'),
    `(select coalesce(sum(rows), 0) from row_counts where relation = 'contents' and part = $3)`,
    `where contents.type = $3 and ${before('contents.created_at', 'timestamptz')}`,
  ),
  contentsByKeyword: contents(
    'contents.created_at',
    moment('contents.created_at'),
    `(select count(*) from contents where ${contains})`,
    `where ${contains}`,
  ),
  reviewsOfContent: reviews(
    'reviews.created_at',
    moment('reviews.created_at'),
    '(select count(*) from reviews where content_id = $1)',
    'where reviews.content_id = $1',
  ),
  allReviews: reviews('reviews.rating', 'reviews.rating::text', rowsOf('reviews')),
  notifications: `
    select id, ${moment('created_at')} as created_at, receiver_id, title, content, level,
      (select count(*) from notifications where receiver_id = $1 and read_at is null)::int as total
    from notifications where receiver_id = $1 and read_at is null ${latest('created_at', 'id')}`,
  playlists: playlists('playlists.updated_at', moment('playlists.updated_at'), rowsOf('playlists')),
  playlistsOfOwner: playlists(
    'playlists.subscriber_count',
    'playlists.subscriber_count::text',
    '(select count(*) from playlists where owner_id = $2)',
    'where playlists.owner_id = $2',
  ),
  contentsOfPlaylists: `
    select playlist_contents.playlist_id, ${content} from playlist_contents
    join contents on contents.id = playlist_contents.content_id
    where playlist_contents.playlist_id = any($1) order by playlist_contents.created_at, playlist_contents.content_id`,
  account:
    'select id, email, name, role, is_locked, password_hash, created_at from users where lower(email) = lower($1)',
  insertReview: 'insert into reviews (id, content_id, author_id, rating, text) values ($1, $2, $3, $4, $5)',
  insertEvent: `
    insert into outbox_events (id, aggregatetype, aggregateid, type, payload) values ($1, 'review', $2, 'review.created', $3)`,
  review: `
    select reviews.id, reviews.content_id, ${author}, reviews.text, reviews.rating
    from reviews join users on users.id = reviews.author_id where reviews.id = $1`,
} as const

export type StatementName = keyof typeof statements
