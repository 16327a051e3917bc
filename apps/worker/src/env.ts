/** The worker's configuration. */
import { AppEnv, Integer, KafkaEnv, PostgresEnv, RedisEnv } from '@mopl/infrastructure/config'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'

export const WorkerEnv = v.object({
  ...AppEnv.entries,
  ...PostgresEnv.entries,
  ...RedisEnv.entries,
  ...KafkaEnv.entries,
  /** `smtp://user:password@host:587` or `smtps://...:465`; empty means no server. */
  SMTP_URL: v.pipe(
    v.optional(v.string(), ''),
    v.regex(/^(smtps?:\/\/.+)?$/, 'must start with smtp:// or smtps://'),
    v.transform((url) => (url === '' ? undefined : url)),
  ),
  MAIL_FROM: v.optional(v.pipe(v.string(), v.nonEmpty('must not be empty')), '모플 <no-reply@mopl.local>'),
  /** Where mail is written as files when there is no server. */
  MAIL_DIR: v.optional(v.pipe(v.string(), v.nonEmpty('must not be empty')), join(tmpdir(), 'mopl-mail')),
  /** How often the dead letters that wait for a decision are counted. */
  DLQ_LOOK_INTERVAL_MS: Integer('30000', 100, 3_600_000),
})
