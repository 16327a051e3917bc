/**
 * `watcher_count` against the rooms in Redis, where the truth is.
 *
 * The count follows the room by events, each with the room's size right after a change, the last one winning. So a
 * difference may be an event on its way: only one that is still the same after a while is drift. Writing the room's size
 * is right even then, because the last event on its way carries it too. What must not happen is to write a size over that
 * of a later event; so the row is read before the room, and written only when nobody has written it since.
 */
import { redisKeys } from '@mopl/contracts/redis-keys'
import { Uuid } from '@mopl/contracts/scalars'
import type { Db } from '@mopl/infrastructure/postgres'
import type { RedisClient } from '@mopl/infrastructure/redis'
import { aborted, settlesWithin } from '@mopl/infrastructure/within'
import { sql } from 'drizzle-orm'
import * as v from 'valibot'
import { retryDeadlocks } from './deadlocks.ts'
import type { JobContext } from './job.ts'

export const watcherDriftKind = 'drifted-watcher-counts'

const chunkContents = 500
/** An event's way takes milliseconds; this allows for a worker that starts again, and for a Redis that is being refilled. */
const settleMs = 20_000

type Difference = { id: string; stored: number; live: number; version: string }

/** `settle` gives events on their way the time to arrive. */
export async function recountWatchers(context: JobContext, settle = aWhile): Promise<void> {
  const { db, redis, tally, dryRun, signal } = context
  const suspects = new Map<string, Difference>()
  for (const ids of chunks(await candidates(db, redis)))
    for (const suspect of await differences(db, redis, ids)) suspects.set(suspect.id, suspect)
  tally.begin(watcherDriftKind, suspects.size)
  if (suspects.size > 0) await settle(signal)
  for (const ids of chunks([...suspects.keys()])) {
    if (signal.aborted) return
    const drifted = (await differences(db, redis, ids)).filter((now) => isSame(now, suspects.get(now.id)))
    const repaired = dryRun ? drifted : await retryDeadlocks(() => repair(db, drifted))
    tally.add(repaired.length)
    for (const { id, stored, live } of repaired)
      tally.detail({ kind: watcherDriftKind, id, count: stored, expectedCount: live })
  }
}

async function aWhile(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await settlesWithin(aborted(signal), settleMs)
}

/** Contents that somebody watches, by either account. */
async function candidates(db: Db, redis: RedisClient): Promise<string[]> {
  const { rows } = await db.execute<{ id: string }>(sql`select id from contents where watcher_count > 0`)
  return [...new Set([...rows.map((row) => row.id), ...(await occupiedRooms(redis))])]
}

async function occupiedRooms(redis: RedisClient): Promise<string[]> {
  const pattern = redisKeys.room('*')
  const [prefix = '', suffix = ''] = pattern.split('*')
  const rooms: string[] = []
  for await (const keys of redis.scanStream({ match: pattern, count: 1_000 }) as AsyncIterable<string[]>)
    for (const key of keys) rooms.push(key.slice(prefix.length, -suffix.length))
  return rooms.filter((id) => v.is(Uuid, id))
}

/** The row first, then the room: see above. `xmin` is the transaction that wrote the row last. */
async function differences(db: Db, redis: RedisClient, ids: string[]): Promise<Difference[]> {
  const { rows } = await db.execute<{ id: string; stored: number; version: string }>(sql`
    select id, watcher_count as stored, xmin::text as version from contents where id = any(${sql.param(ids)}::uuid[])`)
  const sizes = await Promise.all(rows.map((row) => redis.hlen(redisKeys.room(row.id))))
  return rows
    .map(({ id, stored, version }, index) => ({ id, stored, version, live: sizes[index] ?? stored }))
    .filter(({ stored, live }) => stored !== live)
}

function isSame(now: Difference, before: Difference | undefined): boolean {
  return now.stored === before?.stored && now.live === before.live
}

/** @returns those that nobody had written in between */
async function repair(db: Db, drifted: Difference[]): Promise<Difference[]> {
  const column = (name: keyof Difference) => sql.param(drifted.map((each) => each[name]))
  const { rows } = await db.execute<{ id: string }>(sql`
    update contents set watcher_count = room.live
    from unnest(${column('id')}::uuid[], ${column('version')}::text[], ${column('live')}::integer[])
      as room (id, version, live)
    where contents.id = room.id and contents.xmin::text = room.version
    returning room.id`)
  const repaired = new Set(rows.map((row) => row.id))
  return drifted.filter(({ id }) => repaired.has(id))
}

function chunks(ids: string[]): string[][] {
  const count = Math.ceil(ids.length / chunkContents)
  return Array.from({ length: count }, (_, index) => ids.slice(index * chunkContents, (index + 1) * chunkContents))
}
