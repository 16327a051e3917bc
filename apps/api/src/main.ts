/** The api's process. */
import { createAccessTokens } from '@mopl/infrastructure/access-tokens'
import { Health } from '@mopl/infrastructure/health'
import { createMetrics } from '@mopl/infrastructure/metrics'
import { outboxBell } from '@mopl/infrastructure/outbox'
import { createBucket } from '@mopl/infrastructure/picture-bucket'
import { createFolder } from '@mopl/infrastructure/picture-storage'
import { openPostgres } from '@mopl/infrastructure/postgres'
import { watchPostgres } from '@mopl/infrastructure/postgres-watch'
import { openRedis, openSubscriber, untilRedisReady } from '@mopl/infrastructure/redis'
import { runApp } from '@mopl/infrastructure/run'
import { openSessionRegistry } from '@mopl/infrastructure/sessions'
import { createApp } from './app.ts'
import { createPasswords } from './auth/passwords.ts'
import { createRefreshTokens } from './auth/refresh-tokens.ts'
import { ApiEnv } from './env.ts'
import { createAnswerCache } from './http/answer-cache.ts'
import { createFingerprint } from './http/fingerprint.ts'
import { serve } from './http/serve.ts'
import { createApiMetrics } from './metrics.ts'
import { createProviders } from './oauth/configured.ts'
import { createPictures } from './pictures/pictures.ts'
import { createReencode } from './pictures/reencode.ts'
import { ensureAdmin } from './users/admin.ts'

await runApp('api', ApiEnv, async ({ env, log, resources }) => {
  const postgres = openPostgres({ url: env.DATABASE_URL, poolSize: env.DATABASE_POOL_SIZE, application: 'api', log })
  const { db } = resources.use('postgres', postgres)
  resources.use('postgres watch', watchPostgres(postgres, { url: env.DATABASE_URL, log }))
  const { redis } = resources.use('redis', openRedis({ url: env.REDIS_URL, name: 'api', log }))
  const { subscriber } = resources.use('subscriber', openSubscriber({ url: env.REDIS_URL, name: 'api', log }))
  await postgres.ping()
  await untilRedisReady(redis)

  const registry = createMetrics('api')
  const bucket = env.S3_URL === '' ? undefined : createBucket(env.S3_URL)
  const passwords = await createPasswords()
  const health = new Health(registry, { postgres: () => postgres.ping(), redis: () => redis.ping() })
  const metrics = createApiMetrics(registry)
  const app = createApp({
    db,
    redis,
    cache: createAnswerCache({ redis, log, metrics }),
    log,
    metrics,
    health,
    tokens: createAccessTokens(env.JWT_SECRET, { remembered: 20_000 }),
    sessions: await openSessionRegistry(redis, subscriber, log),
    passwords,
    refreshTokens: createRefreshTokens({ redis, jwtSecret: env.JWT_SECRET }),
    pictures: createPictures({ storage: bucket ?? createFolder(env.MEDIA_DIR), reencode: createReencode(), log }),
    bucket,
    ringOutbox: outboxBell(db),
    providers: createProviders(env),
    publicUrl: env.PUBLIC_URL,
    allowedOrigins: env.ALLOWED_ORIGINS,
    trustedProxies: env.TRUSTED_PROXIES,
    rateLimits: env.RATE_LIMITS,
    fingerprint: createFingerprint(env.JWT_SECRET),
    cookieSecure: env.COOKIE_SECURE,
  })

  await ensureAdmin({ db, passwords }, { email: env.ADMIN_EMAIL, password: env.ADMIN_PASSWORD, name: env.ADMIN_NAME })
  resources.use('server', serve(app, env))
  resources.defer('readiness', () => health.stopping())
})
