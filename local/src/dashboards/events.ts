/** The way of an event: outbox, Kafka, consumer, effect. */
import { type Dashboard, quantile, rate } from './dashboard.ts'

export const events: Dashboard = {
  uid: 'mopl-events',
  title: 'Mopl events',
  rows: [
    {
      title: 'Out',
      panels: [
        {
          title: 'Waiting in the outbox',
          unit: 'none',
          width: 8,
          queries: { events: 'max(mopl_outbox_waiting)' },
        },
        {
          title: 'Oldest in the outbox',
          description: 'Runbook: OutboxOld',
          unit: 's',
          width: 8,
          queries: { age: 'max(mopl_outbox_oldest_age_seconds)' },
        },
        {
          title: 'Published',
          unit: 'ops',
          width: 8,
          queries: {
            events: `sum(${rate('mopl_outbox_published_total')})`,
            'failed passes': `sum(${rate('mopl_outbox_relay_failures_total')})`,
          },
        },
      ],
    },
    {
      title: 'In',
      panels: [
        {
          title: 'Handled',
          unit: 'ops',
          width: 8,
          queries: { '{{consumer}}': `sum by (consumer) (${rate('mopl_worker_events_handled_total')})` },
        },
        {
          title: 'From event to effect',
          description: 'p99',
          unit: 's',
          width: 8,
          queries: { '{{consumer}}': quantile(0.99, 'mopl_worker_event_age_seconds', 'consumer') },
        },
        {
          title: 'Behind',
          description: 'Runbook: ConsumerLag',
          unit: 'none',
          width: 8,
          queries: { '{{consumer}}': 'sum by (consumer) (mopl_worker_lag_messages)' },
        },
      ],
    },
    {
      title: 'Trouble',
      panels: [
        {
          title: 'Retries and waits',
          description: 'Batches tried again, and waits for PostgreSQL, Redis or the mail server',
          unit: 'ops',
          width: 8,
          queries: {
            '{{consumer}} retries': `sum by (consumer) (${rate('mopl_worker_retries_total')})`,
            '{{consumer}} waits': `sum by (consumer) (${rate('mopl_worker_dependency_waits_total')})`,
          },
        },
        {
          title: 'Dead letters',
          description: 'That wait for a decision; runbook: DlqNotEmpty',
          unit: 'none',
          width: 8,
          queries: { '{{consumer}} {{topic}}': 'max by (consumer, topic) (mopl_worker_dead_letters)' },
        },
        {
          title: 'Put aside and skipped',
          description: 'Into a dead letter topic; of an unknown type or a newer version',
          unit: 'none',
          width: 8,
          queries: {
            '{{consumer}} {{reason}}':
              'sum by (consumer, reason) (increase(mopl_worker_dead_lettered_total[$__rate_interval]))',
            '{{consumer}} skipped': 'sum by (consumer) (increase(mopl_worker_events_skipped_total[$__rate_interval]))',
          },
        },
      ],
    },
  ],
}
