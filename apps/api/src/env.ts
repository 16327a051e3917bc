/** The api's configuration. Reasons are for operators, and so in English, unlike those for clients. */
import { limits } from '@mopl/contracts/scalars'
import { AccessTokenEnv, AppEnv, Flag, List, PostgresEnv, RedisEnv, Required } from '@mopl/infrastructure/config'
import { NetworkList } from '@mopl/infrastructure/networks'
import { PicturesEnv } from '@mopl/infrastructure/picture-bucket'
import * as v from 'valibot'
import { OAuthEnv } from './oauth/configured.ts'
import { isRateLimit, rateLimitsWith } from './http/rate-limits.ts'

const length = ({ min, max }: { min: number; max: number }) =>
  v.pipe(
    Required,
    v.minLength(min, `must have at least ${min} characters`),
    v.maxLength(max, `must have at most ${max} characters`),
  )

const RateLimits = v.pipe(
  List,
  v.check((texts) => texts.every(isRateLimit), 'must list limits such as signInPerAddress=300/60'),
  v.transform((texts) => rateLimitsWith(texts)),
)

export const ApiEnv = v.object({
  ...AppEnv.entries,
  ...PostgresEnv.entries,
  ...RedisEnv.entries,
  ...AccessTokenEnv.entries,
  ADMIN_EMAIL: v.pipe(Required, v.email('must be an e-mail address')),
  ADMIN_PASSWORD: length(limits.password),
  ADMIN_NAME: length(limits.name),
  ...PicturesEnv.entries,
  ...OAuthEnv.entries,
  ALLOWED_ORIGINS: List,
  COOKIE_SECURE: Flag,
  /** Who may say by `X-Forwarded-For` for whom a request is made, besides this machine itself. */
  TRUSTED_PROXIES: NetworkList,
  /** Limits other than the defaults in `http/rate-limits.ts`: `name=requests/seconds`. */
  RATE_LIMITS: RateLimits,
})
