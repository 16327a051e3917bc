/** The relay carries events from the outbox to Kafka; the consumers give them their effects. */
import { consumers as consumerNames } from '@mopl/contracts/consumers'
import { topics } from '@mopl/contracts/topics'
import { Health, serveActuator } from '@mopl/infrastructure/health'
import { kafkaOptions, openProducer } from '@mopl/infrastructure/kafka'
import { type Consumer, openConsumer } from '@mopl/infrastructure/kafka-consumer'
import { createMetrics } from '@mopl/infrastructure/metrics'
import { openPostgres } from '@mopl/infrastructure/postgres'
import { openRedis } from '@mopl/infrastructure/redis'
import { runApp } from '@mopl/infrastructure/run'
import { openBell } from './bell.ts'
import { consume } from './consume.ts'
import { WorkerEnv } from './env.ts'
import { watchDeadLetters } from './dlq-metrics.ts'
import { consumerGroups, deadLetterTopics } from './groups.ts'
import { openMail } from './mail.ts'
import { createWorkerMetrics } from './metrics.ts'
import { countWaiting } from './outbox.ts'
import { relayDeliveryTimeoutMs, startRelay } from './relay.ts'

await runApp('worker', WorkerEnv, async ({ env, log, resources }) => {
  const { DATABASE_URL: url, DATABASE_POOL_SIZE: poolSize } = env
  const kafka = kafkaOptions(env)
  const groups = consumerGroups()
  const consumers = new Map<string, Consumer>()

  const postgres = resources.use('postgres', openPostgres({ url, poolSize, application: 'worker', log }))
  const redis = resources.use('redis', openRedis({ url: env.REDIS_URL, name: 'worker', log }))
  const producer = resources.use(
    'producer',
    openProducer({
      ...kafka,
      name: 'worker',
      log,
      topics: [...Object.values(topics), ...deadLetterTopics(groups)],
      deliveryTimeoutMs: relayDeliveryTimeoutMs,
    }),
  )

  const registry = createMetrics('worker')
  const metrics = createWorkerMetrics(
    registry,
    groups.map(({ name }) => name),
    consumers,
    () => countWaiting(postgres.db),
  )
  const health = new Health(registry, {
    postgres: () => postgres.ping(),
    redis: () => redis.ping(),
    kafka: () => producer.ping(),
    consumers: () => Promise.all([...consumers.values()].map((consumer) => consumer.ping())),
  })
  resources.use('actuator', await serveActuator(health, env.PORT, env.HOST))

  const bell = resources.use('bell', openBell(url, log))
  resources.use('relay', startRelay({ db: postgres.db, producer, bell, log, metrics }))
  const mail = resources.use(
    'mail',
    openMail({ smtpUrl: env.SMTP_URL, from: env.MAIL_FROM, directory: env.MAIL_DIR, log }),
  )
  const deps = { db: postgres.db, redis: redis.redis, mail, producer, log, metrics }
  for (const group of groups)
    consumers.set(
      group.name,
      openConsumer({
        ...kafka,
        group: group.name,
        topics: group.topics,
        // Ratings of one content add up: the more events at once, the fewer updates of it.
        maxBatch: group.name === consumerNames.ratings ? 2_000 : 500,
        log,
        handle: (batch, signal) => consume(group, deps, batch, signal),
      }),
    )
  resources.use(
    'dead-letters',
    watchDeadLetters({ registry, names: deadLetterTopics(groups), kafka, log, everyMs: env.DLQ_LOOK_INTERVAL_MS }),
  )
  // All at once: each may have a batch in hand.
  resources.defer('consumers', async () => {
    await Promise.all([...consumers.values()].map((consumer) => consumer.close()))
  })
  resources.defer('readiness', () => health.stopping())
})
