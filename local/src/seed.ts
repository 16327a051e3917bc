import type { SQL } from 'bun'
import { catalogue } from './catalogue.ts'
import { withSql } from './postgres.ts'

/** Whoever may sign in to look around. The passwords are public, like everything here. */
export const demoAccounts = [
  { name: '김하늘', email: 'haneul@mopl.local', password: 'demo-password-1' },
  { name: '이도윤', email: 'doyun@mopl.local', password: 'demo-password-2' },
  { name: '박서연', email: 'seoyeon@mopl.local', password: 'demo-password-3' },
] as const

const opinions = [
  '다시 보고 싶은 작품이에요.',
  '기대보다 훨씬 좋았습니다.',
  '조금 아쉽지만 볼만해요.',
  '친구와 함께 보기 좋아요.',
  '여운이 오래 남습니다.',
]
const playlists = [
  {
    title: '비 오는 날의 영화',
    description: '창밖에 비가 오면 꺼내 보는 목록',
    contents: [1, 3, 8, 14],
    subscribers: [1, 2],
  },
  {
    title: '주말 정주행',
    description: '금요일 밤에 시작하는 시리즈',
    contents: [15, 16, 18, 21, 25],
    subscribers: [0],
  },
  {
    title: '결승전 모음',
    description: '다시 봐도 손에 땀이 나는 경기',
    contents: [29, 30, 34, 35],
    subscribers: [0, 1],
  },
]

const firstDay = Date.UTC(2026, 0, 1, 9)
const hourMs = 3_600_000

/**
 * Fills a migrated database with the demo accounts and catalogue, once and in one transaction: what people changed
 * since is never touched. Averages and counts equal the rows from the start.
 */
export async function seed(databaseUrl: string): Promise<void> {
  await withSql(databaseUrl, async (sql) => {
    const [seeded] = await sql`select 1 from users where id = ${demoId('user', 0)}`
    if (seeded !== undefined) return
    await sql.begin(async (tx) => {
      await insertUsers(tx)
      await insertContents(tx)
      await insertReviews(tx)
      await insertPlaylists(tx)
    })
  })
}

async function insertUsers(tx: SQL): Promise<void> {
  const hashing = { algorithm: 'argon2id', memoryCost: 19_456, timeCost: 2 } as const
  const rows = await Promise.all(
    demoAccounts.map(async ({ name, email, password }, index) => ({
      id: demoId('user', index),
      name,
      email,
      password_hash: await Bun.password.hash(password, hashing),
    })),
  )
  await tx`insert into users ${tx(rows)} on conflict do nothing`
}

async function insertContents(tx: SQL): Promise<void> {
  const rows = catalogue.map(({ type, title, description }, index) => {
    const ratings = reviews.filter(({ content }) => content === index).map(({ rating }) => rating)
    const ratingSum = ratings.reduce((sum, rating) => sum + rating, 0)
    return {
      id: demoId('content', index),
      created_at: dateOf(index),
      type,
      title,
      description,
      rating_sum: ratingSum,
      review_count: ratings.length,
    }
  })
  await tx`insert into contents ${tx(rows)} on conflict do nothing`

  const tags = [...new Set(catalogue.flatMap((content) => content.tags))]
  await tx`insert into tags ${tx(tags.map((name, index) => ({ id: demoId('tag', index), name })))} on conflict do nothing`
  const links = catalogue.flatMap((content, index) =>
    content.tags.map((tag, position) => ({ content: demoId('content', index), tag, position })),
  )
  // By name: in a database that is not ours alone the tag may have had another id before.
  await tx`
    insert into content_tags (content_id, tag_id, position)
    select link.content, tags.id, link.position
    from json_to_recordset(${JSON.stringify(links)}::text::json) as link (content uuid, tag text, position smallint)
    join tags on tags.name = link.tag
    on conflict do nothing`
}

/** Which account reviewed which content how: a pattern that leaves some contents without any review. */
const reviews = catalogue.flatMap((_, content) =>
  demoAccounts
    .map((_account, author) => ({ content, author, rating: ((content * 7 + author * 3) % 11) / 2 }))
    .filter(({ author }) => (content + author) % 3 !== 0),
)

async function insertReviews(tx: SQL): Promise<void> {
  const rows = reviews.map(({ content, author, rating }, index) => ({
    id: demoId('review', index),
    content_id: demoId('content', content),
    author_id: demoId('user', author),
    created_at: dateOf(catalogue.length + index),
    text: opinions[index % opinions.length],
    rating,
  }))
  await tx`insert into reviews ${tx(rows)} on conflict do nothing`
}

async function insertPlaylists(tx: SQL): Promise<void> {
  const rows = playlists.map(({ title, description, subscribers }, index) => ({
    id: demoId('playlist', index),
    owner_id: demoId('user', index),
    title,
    description,
    subscriber_count: subscribers.length,
  }))
  await tx`insert into playlists ${tx(rows)} on conflict do nothing`
  const contents = playlists.flatMap((playlist, index) =>
    playlist.contents.map((content) => ({
      playlist_id: demoId('playlist', index),
      content_id: demoId('content', content),
    })),
  )
  await tx`insert into playlist_contents ${tx(contents)} on conflict do nothing`
  const subscriptions = playlists.flatMap((playlist, index) =>
    playlist.subscribers.map((user) => ({
      playlist_id: demoId('playlist', index),
      subscriber_id: demoId('user', user),
    })),
  )
  await tx`insert into playlist_subscriptions ${tx(subscriptions)} on conflict do nothing`
}

function dateOf(index: number): Date {
  return new Date(firstDay + index * hourMs)
}

const kinds = ['user', 'content', 'tag', 'review', 'playlist'] as const

/** A UUIDv7 of the first day, the same at every seeding. */
function demoId(kind: (typeof kinds)[number], index: number): string {
  const time = firstDay.toString(16).padStart(12, '0')
  const serial = (kinds.indexOf(kind) * 0x10000 + index).toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${serial}`
}
