/** What both forms of the batch read and open. */
import { PostgresEnv, RedisEnv } from '@mopl/infrastructure/config'
import type { Log } from '@mopl/infrastructure/log'
import { createPictureStorage, PicturesEnv } from '@mopl/infrastructure/picture-bucket'
import { openPostgres } from '@mopl/infrastructure/postgres'
import { openRedis } from '@mopl/infrastructure/redis'
import type { Resources } from '@mopl/infrastructure/resources'
import * as v from 'valibot'
import { CollectEnv } from './collect/settings.ts'
import type { BatchDeps } from './run-job.ts'

export const BatchEnv = v.object({
  ...PostgresEnv.entries,
  ...RedisEnv.entries,
  ...CollectEnv.entries,
  ...PicturesEnv.entries,
})
export type BatchEnv = v.InferOutput<typeof BatchEnv>

/** A statement of a job may look at a whole table; nobody waits for its answer. */
const queryTimeoutMs = 5 * 60 * 1_000

/** Opens what a run needs; connecting happens when first used, so that this never fails. */
export function openBatch(env: BatchEnv, log: Log, resources: Resources) {
  const postgres = resources.use(
    'postgres',
    openPostgres({
      url: env.DATABASE_URL,
      poolSize: env.DATABASE_POOL_SIZE,
      application: 'batch',
      log,
      queryTimeoutMs,
    }),
  )
  const redis = resources.use('redis', openRedis({ url: env.REDIS_URL, name: 'batch', log }))
  const deps: BatchDeps = {
    postgres,
    redis: redis.redis,
    pictures: createPictureStorage(env),
    settings: env,
    now: () => new Date(),
  }
  return { deps, checks: { postgres: () => postgres.ping(), redis: () => redis.ping() } }
}
