/** What the api is asked, what it answers, and how long that takes. */
import { type Dashboard, quantile, rate } from './dashboard.ts'

export const api: Dashboard = {
  uid: 'mopl-api',
  title: 'Mopl api',
  rows: [
    {
      title: 'Answers',
      panels: [
        {
          title: 'By status',
          unit: 'reqps',
          width: 8,
          queries: { '{{status}}': `sum by (status) (${rate('mopl_http_requests_total')})` },
        },
        {
          title: 'By route',
          description: 'The eight most asked for',
          unit: 'reqps',
          width: 8,
          queries: {
            '{{method}} {{route}}': `topk(8, sum by (method, route) (${rate('mopl_http_requests_total')}))`,
          },
        },
        {
          title: 'Share of server errors',
          description: 'Runbook: HighErrorRate',
          unit: 'percentunit',
          width: 8,
          queries: {
            'server errors': `(sum(${rate('mopl_http_requests_total{status=~"5.."}')}) or vector(0)) / sum(${rate('mopl_http_requests_total')})`,
          },
        },
      ],
    },
    {
      title: 'Time to answer',
      panels: [
        {
          title: 'Over all routes',
          description: 'Runbook: SlowAnswers',
          unit: 's',
          width: 12,
          queries: {
            p50: quantile(0.5, 'mopl_http_request_duration_seconds'),
            p95: quantile(0.95, 'mopl_http_request_duration_seconds'),
            p99: quantile(0.99, 'mopl_http_request_duration_seconds'),
          },
        },
        {
          title: 'Slowest routes',
          description: 'p99, the five highest',
          unit: 's',
          width: 12,
          queries: {
            '{{method}} {{route}}': `topk(5, ${quantile(0.99, 'mopl_http_request_duration_seconds', 'method', 'route')})`,
          },
        },
      ],
    },
    {
      title: 'Refusals',
      panels: [
        {
          title: 'By error code',
          unit: 'reqps',
          width: 8,
          queries: { '{{code}}': `topk(8, sum by (code) (${rate('mopl_http_refusals_total')}))` },
        },
        {
          title: 'By rate limit',
          unit: 'reqps',
          width: 8,
          queries: { '{{limit}}': `sum by (limit) (${rate('mopl_http_rate_limited_total')})` },
        },
        {
          title: 'Answered as before',
          description: 'Requests whose Idempotency-Key was known',
          unit: 'reqps',
          width: 8,
          queries: { replays: `sum(${rate('mopl_http_replays_total')})` },
        },
      ],
    },
    {
      title: 'Cache',
      panels: [
        {
          title: 'Reads of the cache',
          unit: 'ops',
          width: 24,
          queries: { '{{kind}} {{outcome}}': `sum by (kind, outcome) (${rate('mopl_cache_reads_total')})` },
        },
      ],
    },
  ],
}
