/** Is everything well? One line for each part of the system; the other dashboards say more. */
import { type Dashboard, quantile, rate } from './dashboard.ts'

export const overview: Dashboard = {
  uid: 'mopl-overview',
  title: 'Mopl overview',
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'Apps that answer',
          description: 'Of five instances in compose.yaml; runbook: AppDown',
          isStat: true,
          unit: 'none',
          width: 6,
          queries: { '{{job}}': 'sum by (job) (up{job=~"api|socket|worker|batch"})' },
        },
        {
          title: 'Connected',
          description: 'Open connections, event streams included',
          isStat: true,
          unit: 'none',
          width: 6,
          queries: { connections: 'sum(mopl_socket_connections)' },
        },
        {
          title: 'Outbox',
          description: 'Age of the oldest event that is not published; runbook: OutboxOld',
          isStat: true,
          unit: 's',
          width: 6,
          queries: { oldest: 'max(mopl_outbox_oldest_age_seconds)' },
        },
        {
          title: 'Dead letters, last day',
          description: 'Runbook: DlqNotEmpty',
          isStat: true,
          unit: 'none',
          width: 6,
          queries: { events: 'sum(increase(mopl_worker_dead_lettered_total[24h]))' },
        },
      ],
    },
    {
      title: 'Traffic',
      panels: [
        {
          title: 'Answers of the api',
          description: 'Server errors; runbook: HighErrorRate',
          unit: 'reqps',
          width: 8,
          queries: {
            all: `sum(${rate('mopl_http_requests_total')})`,
            'server errors': `sum(${rate('mopl_http_requests_total{status=~"5.."}')}) or vector(0)`,
          },
        },
        {
          title: 'Time to answer',
          description: 'Over all routes; runbook: SlowAnswers',
          unit: 's',
          width: 8,
          queries: {
            p50: quantile(0.5, 'mopl_http_request_duration_seconds'),
            p99: quantile(0.99, 'mopl_http_request_duration_seconds'),
          },
        },
        {
          title: 'From event to effect',
          description: 'Over all consumers',
          unit: 's',
          width: 8,
          queries: {
            p50: quantile(0.5, 'mopl_worker_event_age_seconds'),
            p99: quantile(0.99, 'mopl_worker_event_age_seconds'),
          },
        },
      ],
    },
    {
      title: 'Processes',
      panels: [
        {
          title: 'Memory',
          description: 'Resident, by instance',
          unit: 'bytes',
          width: 12,
          queries: { '{{job}} {{instance}}': 'process_resident_memory_bytes' },
        },
        {
          title: 'CPU',
          description: 'Seconds per second, by instance',
          unit: 'percentunit',
          width: 12,
          queries: { '{{job}} {{instance}}': rate('process_cpu_seconds_total') },
        },
      ],
    },
  ],
}
