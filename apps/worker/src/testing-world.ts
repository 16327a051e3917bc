/**
 * Test equipment: a small world in which everything happens that can happen, with a model of what must be true
 * afterwards. Who follows, subscribes and talks to whom is settled before the first event, so that the order in which
 * the consumer groups get on does not matter to the model.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { consumers } from '@mopl/contracts/consumers'
import { type MoplEvent, topicOf } from '@mopl/contracts/events'
import { redisKeys } from '@mopl/contracts/redis-keys'
import { emitAll, outboxChannel } from '@mopl/infrastructure/outbox'
import { processedEvents } from '@mopl/infrastructure/tables'
import { eventually, testEnv } from '@mopl/infrastructure/testing'
import { eq, sql } from 'drizzle-orm'
import { Redis } from 'ioredis'
import { at, happenings } from './testing-happenings.ts'
import { Model } from './testing-model.ts'
import { aContent, aConversation, aFollow, aPlaylist, aUser, type TestSystem } from './testing.ts'

export type World = {
  /** What its workers are given. */
  environment: Record<string, string>
  /** So many more events. */
  live(events: number): Promise<void>
  /** Events about ratings that had no effect yet. */
  behind(): Promise<number>
  /** Resolves when every table and every event stream is what the model says. */
  agrees(timeoutMs: number): Promise<void>
  close(): Promise<void>
}

const population = { users: 120, contents: 8, playlists: 8, conversations: 40, followsEach: 3 }
/** Events of one transaction, or of one request to Kafka. */
const together = 5

/** `random` gives numbers in [0, 1) and alone decides what happens. */
export async function createWorld(system: TestSystem, random: () => number): Promise<World> {
  const { db, probe } = system
  const redis = new Redis(testEnv('REDIS_URL'))
  const mailDir = mkdtempSync(join(tmpdir(), 'mopl-world-'))
  const model = new Model()

  const people = await several(population.users, (index) => aUser(db, `사용자${index}`))
  const followers = new Map(people.map((person) => [person, [] as string[]]))
  for (const [index, follower] of people.entries())
    for (let step = 1; step <= population.followsEach; step++) {
      const followee = at(people, index + step * 7)
      await aFollow(db, follower, followee)
      followers.get(followee)?.push(follower)
    }
  const contents = await several(population.contents, () => aContent(db))
  const playlists = await several(population.playlists, async (index) => {
    const [ownerId, subscribers] = [at(people, index * 8), people.slice(index * 8 + 1, index * 8 + 8)]
    return { playlistId: await aPlaylist(db, ownerId, subscribers), ownerId, subscribers }
  })
  const conversations = await several(population.conversations, (index) =>
    aConversation(db, at(people, index), at(people, index + 60)),
  )
  for (const person of people) await redis.xadd(redisKeys.eventStream(person), '*', 'event', 'connected', 'data', '{}')

  const { written, sent } = happenings({ people, followers, contents, playlists, conversations }, model, random)

  async function live(events: number): Promise<void> {
    for (let made = 0; made < events; made += 2 * together) {
      const rows = await several(together, written)
      await db.transaction((tx) => emitAll(tx, rows))
      await db.execute(sql`select pg_notify(${outboxChannel}, '')`)
      const records = await several(together, sent)
      await probe.produce(...records.map(toRecord))
      // Now and then one comes twice, of those that may come in any order.
      const twice = rows.find(({ type }) => type === 'review.created')
      if (twice !== undefined && random() < 0.1) await probe.produce(toRecord(twice))
    }
  }

  return {
    environment: { MAIL_DIR: mailDir },
    live,
    behind: async () =>
      model.ratingEvents - (await db.$count(processedEvents, eq(processedEvents.consumer, consumers.ratings))),
    agrees: async (timeoutMs) => {
      await eventually('tables and model agree', () => model.compare(db, redis).then(() => true), timeoutMs)
    },
    close: async () => {
      for (const person of people) await redis.del(redisKeys.eventStream(person))
      redis.disconnect()
      rmSync(mailDir, { recursive: true })
    },
  }
}

function toRecord(event: MoplEvent) {
  return { topic: topicOf(event.type), key: event.key, value: JSON.stringify(event) }
}

async function several<T>(count: number, make: (index: number) => T | Promise<T>): Promise<T[]> {
  const made: T[] = []
  for (let index = 0; index < count; index++) made.push(await make(index))
  return made
}
