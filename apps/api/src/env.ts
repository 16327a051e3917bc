/** The api's configuration. Reasons are for operators, and so in English, unlike those for clients. */
import { limits } from '@mopl/contracts/scalars'
import { AccessTokenEnv, AppEnv, Flag, List, PostgresEnv, RedisEnv, Required } from '@mopl/infrastructure/config'
import * as v from 'valibot'

const length = ({ min, max }: { min: number; max: number }) =>
  v.pipe(
    Required,
    v.minLength(min, `must have at least ${min} characters`),
    v.maxLength(max, `must have at most ${max} characters`),
  )

export const ApiEnv = v.object({
  ...AppEnv.entries,
  ...PostgresEnv.entries,
  ...RedisEnv.entries,
  ...AccessTokenEnv.entries,
  ADMIN_EMAIL: v.pipe(Required, v.email('must be an e-mail address')),
  ADMIN_PASSWORD: length(limits.password),
  ADMIN_NAME: length(limits.name),
  /** Where pictures are kept; nginx serves it. */
  MEDIA_DIR: Required,
  ALLOWED_ORIGINS: List,
  COOKIE_SECURE: Flag,
})
