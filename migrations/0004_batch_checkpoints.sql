-- Where a batch job that reads from outside goes on after it was stopped.

create table batch_checkpoints (
  job text primary key constraint ck_batch_checkpoints_job_length check (length(job) between 1 and 100),
  position text not null constraint ck_batch_checkpoints_position_length check (length(position) <= 255),
  updated_at timestamptz(3) not null default now()
);
