/** The scheduled form: every job at its time. `run.ts` is the other form: one job, once. */
import { AppEnv } from '@mopl/infrastructure/config'
import { Health, serveActuator } from '@mopl/infrastructure/health'
import { createMetrics } from '@mopl/infrastructure/metrics'
import { runApp } from '@mopl/infrastructure/run'
import * as v from 'valibot'
import { BatchEnv, openBatch } from './environment.ts'
import { createHistoryMetrics } from './history-metrics.ts'
import { scheduledJobs } from './jobs/index.ts'
import { createBatchMetrics } from './metrics.ts'
import { startSchedule } from './schedule.ts'

const Env = v.object({ ...AppEnv.entries, ...BatchEnv.entries })

await runApp('batch', Env, async ({ env, log, resources }) => {
  const { deps, checks } = openBatch(env, log, resources)
  const registry = createMetrics('batch')
  const metrics = createBatchMetrics(registry)
  createHistoryMetrics(registry, deps.postgres.db, scheduledJobs(env))
  const health = new Health(registry, checks)
  resources.use('actuator', await serveActuator(health, env.PORT, env.HOST))
  resources.use('schedule', startSchedule({ ...deps, metrics, log }))
  resources.defer('readiness', () => health.stopping())
})
