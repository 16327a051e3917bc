import { newId } from '@mopl/infrastructure/ids'
import { createBucket } from '@mopl/infrastructure/picture-bucket'
import { createFolder } from '@mopl/infrastructure/picture-storage'
import { sqlState } from '@mopl/infrastructure/postgres'
import {
  batchRuns,
  contents,
  contentTags,
  idempotencyKeys,
  notifications,
  outboxEvents,
  processedEvents,
  tags,
  users,
  watchingSessions,
} from '@mopl/infrastructure/tables'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { startTestBucket } from '@mopl/infrastructure/testing-bucket'
import { eq, sql } from 'drizzle-orm'
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Tally } from '../tally.ts'
import { aContent, aContext, aTag, aUser, openTestBatch } from '../test-data.ts'
import { cleanup } from './cleanup.ts'

let batch: Awaited<ReturnType<typeof openTestBatch>>
const day = 24 * 60 * 60 * 1_000
const daysAgo = (days: number) => new Date(Date.now() - days * day)

beforeAll(async () => void (batch = await openTestBatch()))
afterAll(() => batch.close())
afterEach(async () => {
  await batch.db.execute(
    sql`truncate users, contents, tags, outbox_events, processed_events, idempotency_keys, batch_runs cascade`,
  )
})

const publishedEvents = (count: number, at: Date) =>
  batch.db.execute(sql`
    insert into outbox_events (id, aggregatetype, aggregateid, type, payload, published_at)
    select gen_random_uuid(), 'user', i, 'user.registered', '{}', ${at} from generate_series(1, ${count}::int) as i`)

const countOutbox = () => batch.db.$count(outboxEvents)

describe('cleanup of rows', () => {
  test('read notifications go after 30 days, unread ones never', async () => {
    const receiverId = await aUser(batch.db)
    const [old, fresh, unread] = [newId(), newId(), newId()]
    const notification = (id: string, readAt: Date | null) => ({
      id,
      eventId: newId(),
      receiverId,
      readAt,
      createdAt: daysAgo(400),
      title: '알림',
      content: '',
    })
    await batch.db
      .insert(notifications)
      .values([notification(old, daysAgo(31)), notification(fresh, daysAgo(29)), notification(unread, null)])

    const context = aContext(batch)
    await cleanup.run(context)

    const left = await batch.db.select({ id: notifications.id }).from(notifications)
    expect(left.map((row) => row.id).toSorted()).toEqual([fresh, unread].toSorted())
    expect(context.tally.counts['read-notifications']).toBe(1)
  })

  test('watching sessions go 90 days after their end, open ones never', async () => {
    const [watcherId, contentId] = [await aUser(batch.db), await aContent(batch.db)]
    const [old, fresh, open] = [newId(), newId(), newId()]
    const session = (id: string, endedAt: Date | null) => ({
      id,
      contentId,
      watcherId,
      createdAt: daysAgo(400),
      endedAt,
    })
    await batch.db
      .insert(watchingSessions)
      .values([session(old, daysAgo(91)), session(fresh, daysAgo(89)), session(open, null)])

    await cleanup.run(aContext(batch))

    const left = await batch.db.select({ id: watchingSessions.id }).from(watchingSessions)
    expect(left.map((row) => row.id).toSorted()).toEqual([fresh, open].toSorted())
  })

  test('an event that is not published stays, however old', async () => {
    await publishedEvents(1, daysAgo(8))
    await publishedEvents(1, daysAgo(6))
    await batch.db.insert(outboxEvents).values({
      id: newId(),
      aggregatetype: 'user',
      aggregateid: 'waiting',
      type: 'user.registered',
      payload: {},
      createdAt: daysAgo(400),
    })

    await cleanup.run(aContext(batch))

    expect(await countOutbox()).toBe(2)
    expect(await batch.db.$count(outboxEvents, eq(outboxEvents.aggregateid, 'waiting'))).toBe(1)
  })

  test('ids of processed events go after 14 days', async () => {
    const [old, fresh] = [newId(), newId()]
    await batch.db.insert(processedEvents).values([
      { consumer: 'mopl-ratings', eventId: old, processedAt: daysAgo(15) },
      { consumer: 'mopl-ratings', eventId: fresh, processedAt: daysAgo(13) },
    ])

    await cleanup.run(aContext(batch))

    expect(await batch.db.select({ id: processedEvents.eventId }).from(processedEvents)).toEqual([{ id: fresh }])
  })

  test('answers kept for an Idempotency-Key go after a day', async () => {
    const answer = { caller: newId(), operation: 'POST /api/reviews', fingerprint: '', status: 201, body: '' }
    await batch.db.insert(idempotencyKeys).values([
      { ...answer, key: 'old', createdAt: daysAgo(1.1) },
      { ...answer, key: 'fresh', createdAt: daysAgo(0.9) },
    ])

    await cleanup.run(aContext(batch))

    expect(await batch.db.select({ key: idempotencyKeys.key }).from(idempotencyKeys)).toEqual([{ key: 'fresh' }])
  })

  test('the history of batch jobs goes after a year', async () => {
    const [old, fresh] = [newId(), newId()]
    await batch.db.insert(batchRuns).values([
      { id: old, job: 'cleanup', startedAt: daysAgo(366) },
      { id: fresh, job: 'cleanup', startedAt: daysAgo(364) },
    ])

    await cleanup.run(aContext(batch))

    expect(await batch.db.select({ id: batchRuns.id }).from(batchRuns)).toEqual([{ id: fresh }])
  })

  test('an expired temporary password leaves no hash behind, one in force stays', async () => {
    const expired = await aUser(batch.db, { temporaryPasswordHash: 'a', temporaryPasswordExpiresAt: daysAgo(1) })
    const inForce = await aUser(batch.db, { temporaryPasswordHash: 'b', temporaryPasswordExpiresAt: daysAgo(-1) })

    await cleanup.run(aContext(batch))

    const hashes = await batch.db.select({ id: users.id, hash: users.temporaryPasswordHash }).from(users)
    expect(Object.fromEntries(hashes.map((row) => [row.id, row.hash]))).toEqual({ [expired]: null, [inForce]: 'b' })
  })

  test('a dry run counts everything and changes nothing', async () => {
    await publishedEvents(1_500, daysAgo(8))
    await aTag(batch.db)
    const context = aContext(batch, { dryRun: true })

    await cleanup.run(context)

    expect(context.tally.counts).toEqual({
      'read-notifications': 0,
      'ended-watching-sessions': 0,
      'published-outbox-events': 1_500,
      'processed-events': 0,
      'idempotency-keys': 0,
      'batch-runs': 0,
      'expired-temporary-passwords': 0,
      'unused-tags': 1,
      'orphaned-pictures': 0,
    })
    expect(Object.keys(context.tally.counts)).toEqual([...cleanup.kinds])
    expect(await countOutbox()).toBe(1_500)
    expect(await batch.db.$count(tags)).toBe(1)
  })

  test('more than a chunk is removed whole', async () => {
    await publishedEvents(2_345, daysAgo(8))
    const context = aContext(batch)
    await cleanup.run(context)
    expect(context.tally.counts['published-outbox-events']).toBe(2_345)
    expect(await countOutbox()).toBe(0)
  })

  test('a run told to stop keeps what its chunks committed, and the next run goes on from there', async () => {
    await publishedEvents(2_500, daysAgo(8))
    const interrupt = new AbortController()
    const tally = new Tally((kind, done) => {
      if (kind === 'published-outbox-events' && done === 1_000) interrupt.abort()
    })
    await cleanup.run(aContext(batch, { tally, signal: interrupt.signal }))
    expect(tally.counts['published-outbox-events']).toBe(1_000)
    expect(await countOutbox()).toBe(1_500)

    await cleanup.run(aContext(batch))
    expect(await countOutbox()).toBe(0)
  })
})

describe('cleanup of tags', () => {
  test('a tag goes when no content carries it any more', async () => {
    const used = await aTag(batch.db, await aContent(batch.db))
    await aTag(batch.db)
    await cleanup.run(aContext(batch))
    expect(await batch.db.select({ id: tags.id }).from(tags)).toEqual([{ id: used }])
  })

  test('a content that gets a tag while cleanup runs keeps it', async () => {
    const contentId = await aContent(batch.db)
    await batch.db.execute(
      sql`insert into tags (id, name) select gen_random_uuid(), i from generate_series(1, 1000) as i`,
    )
    const unused = await batch.db.select({ id: tags.id }).from(tags)
    const running = cleanup.run(aContext(batch))
    const given: string[] = []
    // In the order in which cleanup goes, so that the two meet; a tag that is gone is refused by its foreign key.
    for (const { id } of unused.toSorted((one, other) => (one.id < other.id ? -1 : 1)).slice(800)) {
      const row = { contentId, tagId: id, position: 0 }
      await batch.db
        .insert(contentTags)
        .values(row)
        .then(
          () => given.push(id),
          (error: unknown) => expect(sqlState(error)).toBe('23503'),
        )
    }
    await running
    const kept = await batch.db.select({ id: contentTags.tagId }).from(contentTags)
    expect(kept.map((row) => row.id).toSorted()).toEqual(given.toSorted())
  })
})

describe('cleanup of pictures', () => {
  let mediaDir: string
  beforeAll(async () => void (mediaDir = await mkdtemp(join(tmpdir(), 'mopl-media-'))))
  afterAll(() => rm(mediaDir, { recursive: true }))

  async function picture(key: string, ageMs: number): Promise<void> {
    const path = join(mediaDir, key)
    await mkdir(join(path, '..'), { recursive: true })
    await writeFile(path, 'x')
    const at = new Date(Date.now() - ageMs)
    await utimes(path, at, at)
  }

  test('a picture no row names goes after an hour; named ones and files of others stay', async () => {
    const hour = 60 * 60 * 1_000
    await picture('ab/orphan.png', 2 * hour)
    await picture('ab/just-stored.png', hour / 2)
    await picture('cd/thumbnail.png', 2 * hour)
    await picture('cd/face.png', 2 * hour)
    await picture('readme/notes.txt', 2 * hour)
    await aContent(batch.db, { thumbnailKey: 'cd/thumbnail.png' })
    await aUser(batch.db, { profileImageKey: 'cd/face.png' })

    const rehearsal = aContext(batch, { pictures: createFolder(mediaDir), dryRun: true })
    await cleanup.run(rehearsal)
    expect(rehearsal.tally.counts['orphaned-pictures']).toBe(1)
    expect(await readdir(join(mediaDir, 'ab'))).toHaveLength(2)

    const context = aContext(batch, { pictures: createFolder(mediaDir) })
    await cleanup.run(context)
    expect(context.tally.counts['orphaned-pictures']).toBe(1)
    expect(await readdir(join(mediaDir, 'ab'))).toEqual(['just-stored.png'])
    expect((await readdir(join(mediaDir, 'cd'))).toSorted()).toEqual(['face.png', 'thumbnail.png'])
    expect(await readdir(join(mediaDir, 'readme'))).toEqual(['notes.txt'])
    expect(await batch.db.$count(contents)).toBe(1)
  })

  test('in a bucket the orphans go too, and what is named or not ours stays', async () => {
    const server = await startTestBucket({ isLenient: true })
    const pictures = createBucket(server.url)
    const key = (index: number) => `ab/${String(index).padStart(4, '0')}.webp`
    const keys = Array.from({ length: 120 }, (_, index) => key(index))
    for (let start = 0; start < keys.length; start += 50)
      await Promise.all(keys.slice(start, start + 50).map((each) => pictures.put(each, new Uint8Array([1]))))
    await pictures.put('backup/of-somebody.webp', new Uint8Array([1]))
    await aContent(batch.db, { thumbnailKey: key(3) })
    await aUser(batch.db, { profileImageKey: key(110) })

    const early = aContext(batch, { pictures })
    await cleanup.run(early)
    expect(early.tally.counts['orphaned-pictures']).toBe(0)
    const later = aContext(batch, { pictures, now: new Date(Date.now() + 2 * 60 * 60 * 1_000) })
    await cleanup.run(later)

    expect(later.tally.counts['orphaned-pictures']).toBe(118)
    const left = (await Array.fromAsync(pictures.list())).flat().map((each) => each.key)
    expect(left.toSorted()).toEqual([key(3), key(110)])
    expect(await pictures.read('backup/of-somebody.webp')).toBeDefined()
    await server.close()
  })
})
