/** A database of the size asked for, filled by PostgreSQL itself: a million rows take seconds, their indexes a little longer. */
import type { SQL } from 'bun'
import { migrate } from '@mopl/infrastructure/migrate'
import { ensureDatabase, withSql } from '@mopl/local/postgres'
import { sqlIdOf, sqlTimeOf } from './ids.ts'
import { sqlText } from './words.ts'

export type Size = { contents: number; reviews: number; users: number }

/** Contents to search in, and little else. */
export function textOnly(contents: number): Size {
  return { contents, reviews: 1_000, users: 1_000 }
}

/** The first users: they have notifications, and the load asks on their behalf. */
export const activeUsers = 500
/** Those after them have a password: signing in ends the session that one had. */
export const signingIn = 500
export const password = 'a benchmark password'
export const playlistCount = 20_000
const contentsPerPlaylist = 8
const unreadEach = 30
const tagCount = 100

/** @returns the URL of the database, which is made and filled unless it is there */
export async function seededDatabase(adminUrl: string, size: Size, progress: (line: string) => void): Promise<string> {
  const name = `bench_${size.contents}_${size.reviews}`
  const unfinished = `${name}_unfinished`
  const isThere = await withSql(adminUrl, (sql) => sql`select 1 from pg_database where datname = ${name}`)
  if (isThere.length === 0) {
    progress(`filling ${name} ...`)
    await withSql(adminUrl, (sql) => sql`drop database if exists ${sql(unfinished)}`)
    const url = await ensureDatabase(adminUrl, unfinished)
    await migrate(url)
    await withSql(url, (sql) => fill(sql, size))
    // Only what is whole has the name that it is looked for under.
    await withSql(adminUrl, (sql) => sql`alter database ${sql(unfinished)} rename to ${sql(name)}`)
  }
  const url = await ensureDatabase(adminUrl, name)
  await migrate(url)
  return url
}

/** Gives the URL of a copy, which is dropped afterwards. */
export async function withCopy<T>(adminUrl: string, url: string, use: (url: string) => Promise<T>): Promise<T> {
  const [name, copyUrl] = [new URL(url).pathname.slice(1), new URL(url)]
  const copy = `${name}_copy`
  copyUrl.pathname = `/${copy}`
  const drop = () => withSql(adminUrl, (sql) => sql`drop database if exists ${sql(copy)}`)
  await drop()
  await withSql(adminUrl, (sql) => sql`create database ${sql(copy)} template ${sql(name)} strategy file_copy`)
  try {
    return await use(copyUrl.href)
  } finally {
    await drop()
  }
}

async function fill(sql: SQL, size: Size): Promise<void> {
  // Foreign keys and counters are right by construction, and indexes are faster built than grown.
  await sql`set session_replication_role = replica`
  await sql`set maintenance_work_mem = '512MB'`
  await sql`select setseed(0.5)`
  const indexes: { name: string; definition: string }[] = await sql`
    select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition from pg_index
    join pg_class on pg_class.oid = indrelid
    where relnamespace = 'public'::regnamespace and not exists (select from pg_constraint where conindid = indexrelid)`
  for (const { name } of indexes) await sql.unsafe(`drop index ${name}`)
  const hash = await Bun.password.hash(password, { algorithm: 'argon2id', memoryCost: 19_456, timeCost: 2 })
  for (const statement of statements(size, hash)) await sql.unsafe(statement)
  for (const { definition } of indexes) await sql.unsafe(definition)
  await sql`vacuum analyze`
}

function statements({ contents, reviews, users }: Size, passwordHash: string): string[] {
  return [
    `insert into users (id, created_at, email, name, password_hash)
       select ${sqlIdOf('user', 'n')}, ${sqlTimeOf('n')}, 'user-' || n || '@bench.mopl', '사용자 ' || n,
         case when n between ${activeUsers} and ${activeUsers + signingIn - 1} then '${passwordHash}' end
       from generate_series(0, ${users - 1}) as n`,
    `insert into tags (id, name) select ${sqlIdOf('tag', 'n')}, '태그 ' || n from generate_series(0, ${tagCount - 1}) as n`,
    `insert into contents (id, created_at, type, title, description, watcher_count, review_count, rating_sum)
       select ${sqlIdOf('content', 'n')}, ${sqlTimeOf('n')}, ('{movie,tvSeries,sport}'::text[])[1 + n % 3],
         ${sqlText(3)}, ${sqlText(20)}, floor(1000 * random() ^ 4)::int, count,
         (select coalesce(sum(${rating(`n + k * ${contents}`)}), 0) from generate_series(0, count - 1) as k)
       from (select n, (${reviews} + ${contents - 1} - n) / ${contents} as count
             from generate_series(0, ${contents - 1}) as n) as numbered`,
    `insert into content_tags (content_id, tag_id, position)
       select ${sqlIdOf('content', 'n')}, ${sqlIdOf('tag', `(n + k * 31) % ${tagCount}`)}, k
       from generate_series(0, ${contents - 1}) as n, generate_series(0, 2) as k`,
    `insert into reviews (id, created_at, content_id, author_id, text, rating)
       select ${sqlIdOf('review', 'n')}, ${sqlTimeOf('n')}, ${sqlIdOf('content', `n % ${contents}`)},
         ${sqlIdOf('user', `(n / ${contents} * 4999 + n % ${contents} * 7) % ${users}`)}, ${sqlText(12)}, ${rating('n')}
       from generate_series(0, ${reviews - 1}) as n`,
    `insert into playlists (id, owner_id, created_at, updated_at, title, description, subscriber_count)
       select ${sqlIdOf('playlist', 'n')}, ${sqlIdOf('user', `n % ${users}`)}, ${sqlTimeOf('n')}, ${sqlTimeOf('n')},
         ${sqlText(2)}, ${sqlText(8)}, n % 5 from generate_series(0, ${playlistCount - 1}) as n`,
    `insert into playlist_contents (playlist_id, content_id)
       select ${sqlIdOf('playlist', 'n')}, ${sqlIdOf('content', `(n * 13 + k * 101) % ${contents}`)}
       from generate_series(0, ${playlistCount - 1}) as n, generate_series(0, ${contentsPerPlaylist - 1}) as k`,
    `insert into playlist_subscriptions (playlist_id, subscriber_id)
       select ${sqlIdOf('playlist', 'n')}, ${sqlIdOf('user', `(n + 1 + k) % ${users}`)}
       from generate_series(0, ${playlistCount - 1}) as n, generate_series(0, n % 5 - 1) as k`,
    `insert into notifications (id, event_id, receiver_id, created_at, title, content, read_at)
       select ${sqlIdOf('notification', 'n')}, gen_random_uuid(), ${sqlIdOf('user', `n % ${activeUsers}`)}, ${sqlTimeOf('n')},
         ${sqlText(2)}, ${sqlText(6)}, case when n % 2 = 0 then now() end
       from generate_series(0, ${activeUsers * unreadEach * 2 - 1}) as n`,
    `insert into row_counts (relation, part, rows)
       select 'contents', type, count(*) from contents group by type
       union all select 'playlists', '', ${playlistCount}
       union all select 'reviews', '', ${reviews}
       union all select 'users', '', ${users}`,
  ]
}

/** 0.0 to 5.0 in halves. */
function rating(n: string): string {
  return `((${n}) * 7 % 11 / 2.0)`
}
