-- The answers of requests that carried an Idempotency-Key.

create table idempotency_keys (
  caller text not null constraint ck_idempotency_keys_caller_length check (length(caller) <= 100),
  operation text not null constraint ck_idempotency_keys_operation_length check (length(operation) <= 500),
  key text not null constraint ck_idempotency_keys_key_length check (length(key) between 1 and 255),
  fingerprint text not null constraint ck_idempotency_keys_fingerprint_length check (length(fingerprint) <= 100),
  status smallint not null,
  content_type text constraint ck_idempotency_keys_content_type_length check (length(content_type) <= 255),
  body text not null,
  created_at timestamptz(3) not null default now(),
  primary key (caller, operation, key)
);
create index ix_idempotency_keys_created_at on idempotency_keys (created_at);
