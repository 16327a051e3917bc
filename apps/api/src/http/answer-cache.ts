/**
 * Hot answers, kept in Redis as the JSON that is sent. The key of an entry belongs to a subject; a change of the subject
 * deletes the key (`@mopl/infrastructure/forget`), and so all its entries.
 *
 * A reader may have asked PostgreSQL before a change and come back after it was announced; what it brings must not be
 * kept. So whoever finds nothing leaves a random mark in the entry's place, and an answer replaces only the mark that was
 * there when its reader began: a deletion takes the mark away. (The leases of "Scaling Memcache at Facebook", NSDI 2013,
 * section 3.2.1, but shared: readers who find a mark use it too, so that none of them has to wait, or to survive.)
 */
import { ttlSeconds } from '@mopl/contracts/redis-keys'
import type { Log } from '@mopl/infrastructure/log'
import type { RedisClient } from '@mopl/infrastructure/redis'
import type { ApiMetrics } from '../metrics.ts'

export const cachedKinds = ['content', 'catalogue', 'user'] as const
export const cacheOutcomes = ['hit', 'miss', 'error'] as const

export type Entry = { kind: (typeof cachedKinds)[number]; key: string; field: string }

export type AnswerCache = {
  /** The answer as JSON: the one that is kept, or else what `load` brings. Without an entry nothing is kept. */
  json(entry: Entry | undefined, load: () => Promise<unknown>): Promise<string>
}

/** Asks every time. */
export const noCache: AnswerCache = { json: async (_entry, load) => JSON.stringify(await load()) }

/** No JSON begins like this. */
const markSign = '?'

/** KEYS: subject. ARGV: field, new mark, lifetime in seconds. Answers what is kept there, or the mark in its place. */
const lookScript = `
local found = redis.call('HGET', KEYS[1], ARGV[1])
if found then return found end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3], 'NX')
return ARGV[2]
`

/** KEYS: subject. ARGV: field, mark, answer. */
const keepScript = `
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
`

/** A Redis that is away costs at most the deadline of one command; the answer then comes from PostgreSQL. */
export function createAnswerCache({
  redis,
  log,
  metrics,
}: {
  redis: RedisClient
  log: Log
  metrics: Pick<ApiMetrics, 'cacheReads'>
}): AnswerCache {
  async function look({ kind, key, field }: Entry): Promise<string | undefined> {
    try {
      const mark = markSign + crypto.randomUUID()
      const found = String(await redis.eval(lookScript, 1, key, field, mark, ttlSeconds.answers))
      metrics.cacheReads.inc({ kind, outcome: found.startsWith(markSign) ? 'miss' : 'hit' })
      return found
    } catch (err) {
      metrics.cacheReads.inc({ kind, outcome: 'error' })
      log.warn({ err, kind }, 'cache not readable')
      return undefined
    }
  }

  return {
    async json(entry, load) {
      const found = entry && (await look(entry))
      if (found !== undefined && !found.startsWith(markSign)) return found
      const answer = JSON.stringify(await load())
      if (entry === undefined || found === undefined) return answer
      await redis
        .eval(keepScript, 1, entry.key, entry.field, found, answer)
        .catch((err: unknown) => log.warn({ err, kind: entry.kind }, 'answer not cached'))
      return answer
    },
  }
}
