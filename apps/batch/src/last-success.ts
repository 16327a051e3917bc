/** When each job last succeeded, shared by all instances and kept over restarts. */
import { redisKeys } from '@mopl/contracts/redis-keys'
import { isRedisUnavailable, type RedisClient } from '@mopl/infrastructure/redis'
import type { JobName } from './jobs/index.ts'

export async function recordSuccess(redis: RedisClient, job: JobName, at: Date): Promise<void> {
  await redis.hset(redisKeys.batchLastSuccess, job, at.toISOString())
}

/** Empty while Redis is away, so that a scrape answers with everything else. */
export async function lastSuccesses(redis: RedisClient): Promise<[job: string, at: Date][]> {
  try {
    const times = await redis.hgetall(redisKeys.batchLastSuccess)
    return Object.entries(times).map(([job, at]) => [job, new Date(at)])
  } catch (error) {
    if (isRedisUnavailable(error)) return []
    throw error
  }
}
