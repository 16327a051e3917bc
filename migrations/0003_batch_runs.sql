-- The history of batch jobs.

create table batch_runs (
  id uuid primary key,
  job text not null constraint ck_batch_runs_job_length check (length(job) between 1 and 100),
  started_at timestamptz(3) not null,
  ended_at timestamptz(3),
  outcome text not null default 'running' constraint ck_batch_runs_outcome check (outcome in ('running', 'succeeded', 'failed', 'interrupted', 'killed')),
  counts json not null default '{}',
  reason text constraint ck_batch_runs_reason_length check (length(reason) <= 1000),
  constraint ck_batch_runs_ended_at check (ended_at >= started_at)
);
create index ix_batch_runs_job_started_at on batch_runs (job, started_at, id);
create index ix_batch_runs_started_at on batch_runs (started_at, id);
