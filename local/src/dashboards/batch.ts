/** What the jobs did, and when. The numbers of last runs are those of the history: of any instance, and by hand. */
import type { Dashboard } from './dashboard.ts'

export const batch: Dashboard = {
  uid: 'mopl-batch',
  title: 'Mopl batch',
  rows: [
    {
      title: 'Last runs',
      panels: [
        {
          title: 'Last success',
          description: 'Runbook: BatchJobLate',
          isStat: true,
          unit: 'dateTimeFromNow',
          width: 12,
          queries: { '{{batch_job}}': '1000 * max by (batch_job) (mopl_batch_last_success_timestamp_seconds)' },
        },
        {
          title: 'Time until it is late',
          description: 'Two hours after the next run is due; runbook: BatchJobLate',
          isStat: true,
          unit: 's',
          width: 12,
          queries: {
            '{{batch_job}}':
              'max by (batch_job) (mopl_batch_last_success_timestamp_seconds) + on (batch_job) max by (batch_job) (mopl_batch_interval_seconds) + 7200 - time()',
          },
        },
        {
          title: 'How it ended',
          description: '1 for what applies; runbook: BatchJobFailed',
          isStat: true,
          unit: 'none',
          width: 12,
          queries: { '{{batch_job}} {{outcome}}': 'max by (batch_job, outcome) (mopl_batch_last_run_outcome)' },
        },
        {
          title: 'What it changed',
          unit: 'none',
          width: 12,
          queries: { '{{batch_job}} {{kind}}': 'max by (batch_job, kind) (mopl_batch_last_run_changed)' },
        },
        {
          title: 'How long it took',
          unit: 's',
          width: 12,
          queries: { '{{batch_job}}': 'max by (batch_job) (mopl_batch_last_run_duration_seconds)' },
        },
      ],
    },
    {
      title: 'Drift',
      panels: [
        {
          title: 'Found by the last recount',
          description: 'Numbers that differed from what they count; runbook: CountsDrifted',
          unit: 'none',
          width: 24,
          queries: { '{{kind}}': 'max by (kind) (mopl_batch_last_run_changed{kind=~"drifted-.*"})' },
        },
      ],
    },
    {
      title: 'Schedule',
      panels: [
        {
          title: 'Scheduled runs, last hour',
          unit: 'none',
          width: 12,
          queries: {
            '{{batch_job}} {{outcome}}':
              'sum by (batch_job, outcome) (increase(mopl_batch_runs_total{outcome!="elsewhere"}[1h]))',
          },
        },
        {
          title: 'Changed by scheduled runs, last hour',
          unit: 'none',
          width: 12,
          queries: {
            '{{batch_job}} {{kind}}': 'sum by (batch_job, kind) (increase(mopl_batch_changed_total[1h]))',
          },
        },
      ],
    },
  ],
}
