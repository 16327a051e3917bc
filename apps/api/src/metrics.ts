/** What the api counts, top to bottom. */
import { errors } from '@mopl/contracts/errors'
import { durationBuckets } from '@mopl/infrastructure/metrics'
import { Counter, Histogram, type Registry } from 'prom-client'
import { cachedKinds, cacheOutcomes } from './http/answer-cache.ts'
import { rateLimitNames } from './http/rate-limits.ts'

export type ApiMetrics = ReturnType<typeof createApiMetrics>

export function createApiMetrics(registry: Registry) {
  const registers = [registry]
  const refusals = new Counter({
    name: 'mopl_http_refusals_total',
    help: 'Requests answered with an error body, by its code',
    labelNames: ['code'] as const,
    registers,
  })
  for (const code of Object.keys(errors)) refusals.inc({ code }, 0)
  const rateLimited = new Counter({
    name: 'mopl_http_rate_limited_total',
    help: 'Requests beyond a rate limit, by its name',
    labelNames: ['limit'] as const,
    registers,
  })
  for (const limit of rateLimitNames) rateLimited.inc({ limit }, 0)
  const cacheReads = new Counter({
    name: 'mopl_cache_reads_total',
    help: 'Looks into the cache of answers, by what was looked for and what came of it',
    labelNames: ['kind', 'outcome'] as const,
    registers,
  })
  for (const kind of cachedKinds) for (const outcome of cacheOutcomes) cacheReads.inc({ kind, outcome }, 0)
  return {
    requests: new Counter({
      name: 'mopl_http_requests_total',
      help: 'Requests answered, by route pattern and status',
      labelNames: ['method', 'route', 'status'] as const,
      registers,
    }),
    duration: new Histogram({
      name: 'mopl_http_request_duration_seconds',
      help: 'Time from the first byte of a request to its answer',
      labelNames: ['method', 'route'] as const,
      buckets: durationBuckets,
      registers,
    }),
    refusals,
    rateLimited,
    cacheReads,
    replays: new Counter({
      name: 'mopl_http_replays_total',
      help: 'Requests answered as before, because their Idempotency-Key was known',
      registers,
    }),
  }
}
