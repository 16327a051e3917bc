/** Everything the api works with; a route takes what it needs out of it. */
import type { AccessTokens } from '@mopl/infrastructure/access-tokens'
import type { Health } from '@mopl/infrastructure/health'
import type { Log } from '@mopl/infrastructure/log'
import type { Db } from '@mopl/infrastructure/postgres'
import type { RedisClient } from '@mopl/infrastructure/redis'
import type { SessionRegistry } from '@mopl/infrastructure/sessions'
import type { Passwords } from './auth/passwords.ts'
import type { RefreshTokens } from './auth/refresh-tokens.ts'
import type { AnswerCache } from './http/answer-cache.ts'
import type { Fingerprint } from './http/fingerprint.ts'
import type { Networks } from '@mopl/infrastructure/networks'
import type { RateLimits } from './http/rate-limits.ts'
import type { ApiMetrics } from './metrics.ts'
import type { Providers } from './oauth/providers.ts'
import type { Bucket } from '@mopl/infrastructure/picture-bucket'
import type { Pictures } from './pictures/pictures.ts'

export type Deps = {
  db: Db
  redis: RedisClient
  cache: AnswerCache
  log: Log
  metrics: ApiMetrics
  health: Health
  tokens: AccessTokens
  sessions: SessionRegistry
  passwords: Passwords
  refreshTokens: RefreshTokens
  pictures: Pictures
  /** Set when the pictures are in a bucket, which is then served by us. */
  bucket: Bucket | undefined
  /** Tells the outbox relay that there is something. */
  ringOutbox: () => void
  /** Those that are configured. */
  providers: Providers
  /** Where browsers reach us, without a slash at the end. */
  publicUrl: string
  /** Origins of browsers that may call us across origins. */
  allowedOrigins: string[]
  /** Proxies whose `X-Forwarded-For` is believed. */
  trustedProxies: Networks
  rateLimits: RateLimits
  fingerprint: Fingerprint
  /** Whether cookies travel over TLS only. */
  cookieSecure: boolean
}
