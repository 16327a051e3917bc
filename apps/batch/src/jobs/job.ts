/** What a job is, and what it is given to work with. */
import type { Db, Postgres } from '@mopl/infrastructure/postgres'
import type { PictureStorage } from '@mopl/infrastructure/picture-storage'
import type { RedisClient } from '@mopl/infrastructure/redis'
import type { CollectSettings } from '../collect/settings.ts'
import type { Tally } from '../tally.ts'

/** Of every schedule, wherever the server stands. */
export const timezone = 'Asia/Seoul'

export type JobContext = {
  db: Db
  /** For what needs a connection to itself. */
  pool: Postgres['pool']
  redis: RedisClient
  pictures: PictureStorage
  settings: CollectSettings
  /** The start of the run: every cutoff counts from here, so that a long run comes to an end. */
  now: Date
  /** Counts and changes nothing. */
  dryRun: boolean
  tally: Tally
  /** Asks the job to stop after the chunk in hand. */
  signal: AbortSignal
}

/** `run` works in chunks that commit, so that killing it anywhere and running it again is always right. */
export type Job = {
  /** Cron pattern of minutes, in Asia/Seoul. */
  schedule: string
  /** One line for the operator. */
  summary: string
  /** Everything that it counts; a label of metrics, so that the set is closed. */
  kinds: readonly string[]
  /** One sentence about the configuration that it lacks; a job that lacks something is not on the schedule. */
  missing?: (settings: CollectSettings) => string | undefined
  run(context: JobContext): Promise<void>
}
