/** What the database itself refuses, whatever the code above it does. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import pg from 'pg'
import { newId } from './ids.ts'
import { createTestDatabase, type TestDatabase } from './testing.ts'

let database: TestDatabase
let client: pg.Client
beforeAll(async () => {
  database = await createTestDatabase()
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
})
afterAll(async () => {
  await client.end()
  await database.close()
})

async function insert(table: string, row: Record<string, unknown>): Promise<string> {
  const full: Record<string, unknown> = { id: newId(), ...row }
  const columns = Object.keys(full).filter((column) => full[column] !== undefined)
  await client.query(
    `insert into ${table} (${columns.join(', ')}) values (${columns.map((_, i) => `$${i + 1}`).join(', ')})`,
    columns.map((column) => full[column]),
  )
  return String(full['id'])
}

/** The constraint that stood in the way, or `none`. */
async function broken(work: Promise<unknown>): Promise<string | undefined> {
  return work.then(
    () => 'none',
    (error: unknown) => (error instanceof pg.DatabaseError ? error.constraint : String(error)),
  )
}

const aUser = (changes = {}) => insert('users', { email: `${newId()}@mopl.test`, name: '민수', ...changes })
const aContent = (changes = {}) => insert('contents', { type: 'movie', title: '괴물', description: '', ...changes })
const aReview = async (changes = {}) =>
  insert('reviews', { content_id: await aContent(), author_id: await aUser(), text: '좋다', rating: 3, ...changes })
const aPlaylist = async () => insert('playlists', { owner_id: await aUser(), title: '주말', description: '' })
const aTag = (name: string) => insert('tags', { name })

async function aConversation() {
  const [lower, higher] = [await aUser(), await aUser()].toSorted() as [string, string]
  const id = await insert('conversations', { lower_user_id: lower, higher_user_id: higher })
  for (const user_id of [lower, higher])
    await insert('conversation_participants', { id: undefined, conversation_id: id, user_id, created_at: new Date() })
  return { id, lower, higher }
}

describe('uniqueness', () => {
  test('an e-mail address is taken in any case', async () => {
    const email = `${newId()}@Mopl.test`
    await aUser({ email })
    expect(await broken(aUser({ email: email.toUpperCase() }))).toBe('uq_users_email')
  })

  test('a provider’s user has one account; local accounts have no provider id to collide', async () => {
    const provider = { auth_provider: 'google', provider_user_id: newId() }
    await aUser(provider)
    expect(await broken(aUser(provider))).toBe('uq_users_provider')
    expect(await broken(aUser({ ...provider, auth_provider: 'kakao' }))).toBe('none')
    expect(await broken(Promise.all([aUser(), aUser()]))).toBe('none')
  })

  test('an external id is there once per type', async () => {
    const external_id = newId()
    await aContent({ external_id, type: 'movie' })
    expect(await broken(aContent({ external_id, type: 'movie' }))).toBe('uq_contents_external_id')
    expect(await broken(aContent({ external_id, type: 'tvSeries' }))).toBe('none')
  })

  test('a tag name is there once', async () => {
    const name = newId()
    await aTag(name)
    expect(await broken(aTag(name))).toBe('uq_tags_name')
  })

  test('an author reviews a content once', async () => {
    const once = { content_id: await aContent(), author_id: await aUser() }
    await aReview(once)
    expect(await broken(aReview(once))).toBe('uq_reviews_content_author')
  })

  test('one follows another once', async () => {
    const once = { follower_id: await aUser(), followee_id: await aUser() }
    await insert('follows', once)
    expect(await broken(insert('follows', once))).toBe('uq_follows_follower_followee')
  })

  test('a pair of users has one conversation, whoever began it', async () => {
    const { lower, higher } = await aConversation()
    const again = insert('conversations', { lower_user_id: lower, higher_user_id: higher })
    expect(await broken(again)).toBe('uq_conversations_pair')
    const reversed = insert('conversations', { lower_user_id: higher, higher_user_id: lower })
    expect(await broken(reversed)).toBe('ck_conversations_pair_order')
  })

  test('an event notifies a receiver once', async () => {
    const once = { event_id: newId(), receiver_id: await aUser(), title: '알림', content: '' }
    await insert('notifications', once)
    expect(await broken(insert('notifications', once))).toBe('uq_notifications_event_receiver')
  })

  test('a playlist holds a content once and has a subscriber once', async () => {
    const playlist_id = await aPlaylist()
    const held = { id: undefined, playlist_id, content_id: await aContent() }
    await insert('playlist_contents', held)
    expect(await broken(insert('playlist_contents', held))).toBe('playlist_contents_pkey')
    const subscribed = { id: undefined, playlist_id, subscriber_id: await aUser() }
    await insert('playlist_subscriptions', subscribed)
    expect(await broken(insert('playlist_subscriptions', subscribed))).toBe('playlist_subscriptions_pkey')
  })

  test('a consumer records an event once', async () => {
    const once = { id: undefined, consumer: 'mopl-ratings', event_id: newId() }
    await insert('processed_events', once)
    expect(await broken(insert('processed_events', once))).toBe('processed_events_pkey')
  })

  test('a caller’s key has one answer per operation', async () => {
    const once = {
      id: undefined,
      caller: newId(),
      operation: 'POST /',
      key: 'k',
      fingerprint: '',
      status: 201,
      body: '',
    }
    await insert('idempotency_keys', once)
    expect(await broken(insert('idempotency_keys', once))).toBe('idempotency_keys_pkey')
    await insert('idempotency_keys', { ...once, operation: 'POST /other' })
  })
})

describe('checks', () => {
  test.each([5.1, -0.1])('a rating of %d is refused', async (rating) => {
    expect(await broken(aReview({ rating }))).toBe('ck_reviews_rating')
  })

  test.each([0, 5, 4.55])('a rating of %d is fine', async (rating) => {
    expect(await broken(aReview({ rating }))).toBe('none')
  })

  test.each([
    ['rating_sum', 'ck_contents_rating_sum'],
    ['review_count', 'ck_contents_review_count'],
    ['watcher_count', 'ck_contents_watcher_count'],
  ])('%s never goes below zero', async (column, constraint) => {
    expect(await broken(aContent({ [column]: -1 }))).toBe(constraint)
  })

  test('nobody follows themselves', async () => {
    const self = await aUser()
    expect(await broken(insert('follows', { follower_id: self, followee_id: self }))).toBe('ck_follows_not_self')
  })

  test('nobody writes to themselves, in a conversation or in a message', async () => {
    const self = await aUser()
    const alone = insert('conversations', { lower_user_id: self, higher_user_id: self })
    expect(await broken(alone)).toBe('ck_conversations_pair_order')
    const { id, lower } = await aConversation()
    const note = { conversation_id: id, sender_id: lower, receiver_id: lower, content: '나에게' }
    expect(await broken(insert('direct_messages', note))).toBe('ck_direct_messages_not_self')
  })

  test('only participants write and receive in a conversation', async () => {
    const { id, lower } = await aConversation()
    const stranger = await aUser()
    const to = { conversation_id: id, sender_id: lower, receiver_id: stranger, content: '안녕' }
    expect(await broken(insert('direct_messages', to))).toBe('fk_direct_messages_receiver')
    const from = { conversation_id: id, sender_id: stranger, receiver_id: lower, content: '안녕' }
    expect(await broken(insert('direct_messages', from))).toBe('fk_direct_messages_sender')
  })

  test('watching does not end before it began', async () => {
    const session = { content_id: await aContent(), watcher_id: await aUser(), created_at: new Date(1_000) }
    expect(await broken(insert('watching_sessions', { ...session, ended_at: new Date(999) }))).toBe(
      'ck_watching_sessions_ended_at',
    )
    expect(await broken(insert('watching_sessions', { ...session, ended_at: new Date(1_000) }))).toBe('none')
  })

  test('a run of a job does not end before it began', async () => {
    const run = { job: 'cleanup', started_at: new Date(1_000) }
    expect(await broken(insert('batch_runs', { ...run, ended_at: new Date(999) }))).toBe('ck_batch_runs_ended_at')
    expect(await broken(insert('batch_runs', { ...run, outcome: 'bored' }))).toBe('ck_batch_runs_outcome')
    expect(await broken(insert('batch_runs', { ...run, ended_at: new Date(1_000) }))).toBe('none')
  })

  test.each([
    ['a name of one character', () => aUser({ name: '김' }), 'ck_users_name_length'],
    ['a name of 51 characters', () => aUser({ name: '김'.repeat(51) }), 'ck_users_name_length'],
    ['a title of 256', () => aContent({ title: '가'.repeat(256) }), 'ck_contents_title_length'],
    ['a description of 4001', () => aContent({ description: '가'.repeat(4_001) }), 'ck_contents_description_length'],
    ['a review of 2001', () => aReview({ text: '가'.repeat(2_001) }), 'ck_reviews_text_length'],
    ['a role that is none', () => aUser({ role: 'ROOT' }), 'ck_users_role'],
    ['a type that is none', () => aContent({ type: 'opera' }), 'ck_contents_type'],
  ])('%s is refused', async (_, act, constraint) => {
    expect(await broken(act())).toBe(constraint)
  })
})

test('the average follows from sum and count, and is 0 without reviews', async () => {
  const [none, some] = [await aContent(), await aContent({ rating_sum: '10.0', review_count: 3 })]
  const { rows } = await client.query('select id, average_rating from contents where id = any($1)', [[none, some]])
  expect(Object.fromEntries(rows.map((row) => [row.id, row.average_rating]))).toEqual({ [none]: 0, [some]: 10 / 3 })
})

test('deleting a user takes along what is theirs, and nothing else', async () => {
  const author = await aUser()
  const { content_id } = { content_id: await aContent() }
  const theirs = await aReview({ author_id: author, content_id })
  const another = await aReview({ content_id })
  await client.query('delete from users where id = $1', [author])
  const { rows } = await client.query('select id from reviews where id = any($1)', [[theirs, another]])
  expect(rows).toEqual([{ id: another }])
})
