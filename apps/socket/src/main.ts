/** The socket app: STOMP over WebSocket and server-sent events. Everything the process touches is opened here. */
import { setFlagsFromString } from 'node:v8'
import { topics } from '@mopl/contracts/topics'
import { createAccessTokens } from '@mopl/infrastructure/access-tokens'
import { AccessTokenEnv, AppEnv, Integer, KafkaEnv, List, RedisEnv, Required } from '@mopl/infrastructure/config'
import { Health } from '@mopl/infrastructure/health'
import { kafkaOptions, openProducer } from '@mopl/infrastructure/kafka'
import { createMetrics } from '@mopl/infrastructure/metrics'
import { openRedis, openSubscriber, untilRedisReady } from '@mopl/infrastructure/redis'
import { runApp } from '@mopl/infrastructure/run'
import { openSessionRegistry } from '@mopl/infrastructure/sessions'
import * as v from 'valibot'
import { openSocketServer } from './server.ts'
import { LimitsEnv } from './trust/limits.ts'

/**
 * Garbage that has grown old is collected whenever the heap has grown by so much. Signing in leaves about as much behind as
 * the connection needs, and where everybody then is silent nothing else would collect it.
 */
setFlagsFromString('--heap-growing-percent=25')

/** A sender waits this long for the brokers before a direct message is refused. */
const deliveryTimeoutMs = 5_000

const SocketEnv = v.object({
  ...AppEnv.entries,
  ...RedisEnv.entries,
  ...KafkaEnv.entries,
  ...AccessTokenEnv.entries,
  ...LimitsEnv.entries,
  API_URL: v.pipe(Required, v.url('must be a URL')),
  ALLOWED_ORIGINS: List,
  NODE_ID: v.optional(v.string(), 'socket'),
  SOCKJS_BEAT_MS: Integer('25000', 1_000, 60_000),
})

await runApp('socket', SocketEnv, async ({ env, log, resources }) => {
  const name = 'socket'
  const commands = resources.use('redis', openRedis({ url: env.REDIS_URL, name, log }))
  const { redis } = commands
  const { subscriber } = resources.use('subscriber', openSubscriber({ url: env.REDIS_URL, name, log }))
  await untilRedisReady(redis)
  const kafka = kafkaOptions(env)
  const producer = resources.use(
    'kafka',
    openProducer({ ...kafka, name, log, topics: Object.values(topics), deliveryTimeoutMs }),
  )

  const registry = createMetrics('socket')
  // Kafka is not among them: without it rooms, chat and event streams work, and a direct message is refused with a reason.
  const health = new Health(registry, { redis: () => commands.ping(), subscriber: () => assertReady(subscriber) })
  await openSocketServer({
    resources,
    redis,
    subscriber,
    producer,
    registry,
    health,
    log,
    sessions: await openSessionRegistry(redis, subscriber, log, { rememberedUsers: 0 }),
    accessTokens: createAccessTokens(env.JWT_SECRET),
    apiUrl: env.API_URL,
    allowedOrigins: env.ALLOWED_ORIGINS,
    limits: env,
    nodeName: env.NODE_ID,
    sockJsBeatMs: env.SOCKJS_BEAT_MS,
    host: env.HOST,
    port: env.PORT,
  })
  resources.defer('readiness', () => health.stopping())
})

async function assertReady({ status }: { status: string }): Promise<void> {
  if (status !== 'ready') throw new Error(`subscriber is ${status}`)
}
