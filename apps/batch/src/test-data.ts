/** Rows for tests, named for what they mean. */
import { newId } from '@mopl/infrastructure/ids'
import { createLog } from '@mopl/infrastructure/log'
import { createFolder } from '@mopl/infrastructure/picture-storage'
import { openPostgres } from '@mopl/infrastructure/postgres'
import { openRedis, untilRedisReady } from '@mopl/infrastructure/redis'
import { contents, contentTags, outboxEvents, reviews, tags, users } from '@mopl/infrastructure/tables'
import { createTestDatabase, testEnv } from '@mopl/infrastructure/testing'
import * as v from 'valibot'
import { CollectEnv } from './collect/settings.ts'
import type { JobContext } from './jobs/job.ts'
import { Tally } from './tally.ts'

type Db = JobContext['db']

export type TestBatch = Awaited<ReturnType<typeof openTestBatch>>

/** As patient as the batch itself: a statement may look at a whole table. */
const queryTimeoutMs = 60_000

/** An empty migrated database and a connection to it, and one to the Redis that all tests share. */
export async function openTestBatch() {
  const database = await createTestDatabase()
  const log = createLog('batch-test', 'silent')
  const postgres = openPostgres({ url: database.url, poolSize: 5, application: 'batch-test', log, queryTimeoutMs })
  const redis = openRedis({ url: testEnv('REDIS_URL'), name: 'batch-test', log })
  await untilRedisReady(redis.redis)
  return {
    url: database.url,
    postgres,
    db: postgres.db,
    redis: redis.redis,
    async close() {
      await redis.close()
      await postgres.close()
      await database.close()
    },
  }
}

export function aContext({ db, postgres, redis }: TestBatch, changes: Partial<JobContext> = {}): JobContext {
  return {
    db,
    pool: postgres.pool,
    redis,
    pictures: createFolder('/nonexistent'),
    settings: v.parse(CollectEnv, {}),
    now: new Date(),
    dryRun: false,
    tally: new Tally(),
    signal: new AbortController().signal,
    ...changes,
  }
}

export async function aUser(db: Db, changes: Partial<typeof users.$inferInsert> = {}): Promise<string> {
  const id = newId()
  await db.insert(users).values({ id, email: `${id}@mopl.test`, name: '테스트', ...changes })
  return id
}

export async function aContent(db: Db, changes: Partial<typeof contents.$inferInsert> = {}): Promise<string> {
  const id = newId()
  await db.insert(contents).values({ id, type: 'movie', title: '기생충', description: '', ...changes })
  return id
}

export async function aTag(db: Db, contentId?: string): Promise<string> {
  const id = newId()
  await db.insert(tags).values({ id, name: id })
  if (contentId !== undefined) await db.insert(contentTags).values({ contentId, tagId: id, position: 0 })
  return id
}

/** A review with the event that tells of it, the way the api writes them. */
export async function aReview(db: Db, contentId: string, rating: number): Promise<{ id: string; eventId: string }> {
  const authorId = await aUser(db)
  const id = newId()
  await db.insert(reviews).values({ id, contentId, authorId, text: '좋아요', rating })
  const eventId = await anEvent(db, 'review.created', contentId, { reviewId: id, contentId, authorId, rating })
  return { id, eventId }
}

export async function anEvent(db: Db, type: string, key: string, payload: object, publishedAt?: Date): Promise<string> {
  const id = newId()
  await db.insert(outboxEvents).values({
    id,
    aggregatetype: type.slice(0, type.indexOf('.')),
    aggregateid: key,
    type,
    payload: { eventId: id, type, key, payload },
    ...(publishedAt === undefined ? {} : { publishedAt }),
  })
  return id
}
