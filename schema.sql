-- The truth about Mopl's data. A database is built by the files in migrations/ (`bun run db:migrate`);
-- a test holds this file equal to all of them applied, and the drizzle mapping equal to both.
--
-- Times are timestamptz(3): milliseconds, as on the wire and in a JavaScript Date, so that a keyset cursor
-- made from a row names exactly that row. Ids are UUIDv7, minted by the applications.

-- The distinct pairs of neighbouring characters of a text, lower-cased. Korean words are mostly two syllables
-- long, so that substring search wants bigrams where Latin text is served by trigrams. The cost is what it takes beside a
-- comparison, or PostgreSQL takes it for cheap and counts a frequent word by computing it for every row of the table, where
-- the index has it ready.
create function bigrams(body text) returns text[]
  language sql immutable parallel safe cost 4000
  return (
    select coalesce(array_agg(distinct pair), '{}')
    from (
      select letter || lead(letter) over (order by place) as pair
      from unnest(string_to_array(lower(body), null)) with ordinality as letters (letter, place)
    ) as pairs
    where pair is not null
  );

-- The distinct characters of a text, lower-cased: a search for a single one has no pair.
create function letters(body text) returns text[]
  language sql immutable parallel safe cost 4000
  return (
    select coalesce(array_agg(distinct letter), '{}')
    from unnest(string_to_array(lower(body), null)) as letter
  );

create table users (
  id uuid primary key,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  email text not null constraint ck_users_email_length check (length(email) between 3 and 320),
  name text not null constraint ck_users_name_length check (length(name) between 2 and 50),
  role text not null default 'USER' constraint ck_users_role check (role in ('USER', 'ADMIN')),
  is_locked boolean not null default false,
  profile_image_key text constraint ck_users_profile_image_key_length check (length(profile_image_key) <= 255),
  password_hash text constraint ck_users_password_hash_length check (length(password_hash) <= 255),
  temporary_password_hash text constraint ck_users_temporary_password_hash_length check (length(temporary_password_hash) <= 255),
  temporary_password_expires_at timestamptz(3),
  auth_provider text not null default 'local' constraint ck_users_auth_provider check (auth_provider in ('local', 'google', 'kakao')),
  provider_user_id text constraint ck_users_provider_user_id_length check (length(provider_user_id) <= 255),
  constraint uq_users_provider unique (auth_provider, provider_user_id)
);
create unique index uq_users_email on users (lower(email));
create index ix_users_name on users (name, id);
create index ix_users_email on users (email, id);
create index ix_users_created_at on users (created_at, id);
create index ix_users_is_locked on users (is_locked, id);
create index ix_users_role on users (role, id);
create index ix_users_email_bigrams on users using gin (bigrams(email));
create index ix_users_name_bigrams on users using gin (bigrams(name));

create table contents (
  id uuid primary key,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  type text not null constraint ck_contents_type check (type in ('movie', 'tvSeries', 'sport')),
  title text not null constraint ck_contents_title_length check (length(title) between 1 and 255),
  description text not null constraint ck_contents_description_length check (length(description) <= 4000),
  thumbnail_key text constraint ck_contents_thumbnail_key_length check (length(thumbnail_key) <= 255),
  external_id text constraint ck_contents_external_id_length check (length(external_id) <= 255),
  -- numeric, so that adding and taking away the same rating comes back to exactly the same sum
  rating_sum numeric not null default 0 constraint ck_contents_rating_sum check (rating_sum >= 0),
  review_count integer not null default 0 constraint ck_contents_review_count check (review_count >= 0),
  average_rating double precision not null
    generated always as (case when review_count = 0 then 0 else rating_sum / review_count end) stored,
  watcher_count integer not null default 0 constraint ck_contents_watcher_count check (watcher_count >= 0),
  watcher_count_revision bigint not null default 0,
  constraint uq_contents_external_id unique (external_id, type)
);
create index ix_contents_created_at on contents (created_at, id);
create index ix_contents_watcher_count on contents (watcher_count, id);
create index ix_contents_average_rating on contents (average_rating, id);
create index ix_contents_type_created_at on contents (type, created_at, id);
create index ix_contents_type_watcher_count on contents (type, watcher_count, id);
create index ix_contents_type_average_rating on contents (type, average_rating, id);
create index ix_contents_bigrams on contents using gin (bigrams(title || ' ' || description));
create index ix_contents_letters on contents using gin (letters(title || ' ' || description));

create table tags (
  id uuid primary key,
  name text not null constraint ck_tags_name_length check (length(name) between 1 and 50),
  constraint uq_tags_name unique (name)
);

create table content_tags (
  content_id uuid not null references contents (id) on delete cascade,
  tag_id uuid not null references tags (id) on delete cascade,
  position smallint not null,
  primary key (content_id, tag_id)
);
create index ix_content_tags_tag on content_tags (tag_id, content_id);

create table playlists (
  id uuid primary key,
  owner_id uuid not null references users (id) on delete cascade,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  title text not null constraint ck_playlists_title_length check (length(title) between 1 and 255),
  description text not null constraint ck_playlists_description_length check (length(description) <= 4000),
  subscriber_count integer not null default 0 constraint ck_playlists_subscriber_count check (subscriber_count >= 0)
);
create index ix_playlists_updated_at on playlists (updated_at, id);
create index ix_playlists_subscriber_count on playlists (subscriber_count, id);
create index ix_playlists_owner_updated_at on playlists (owner_id, updated_at, id);
create index ix_playlists_owner_subscriber_count on playlists (owner_id, subscriber_count, id);
create index ix_playlists_bigrams on playlists using gin (bigrams(title || ' ' || description));
create index ix_playlists_letters on playlists using gin (letters(title || ' ' || description));

create table playlist_contents (
  playlist_id uuid not null references playlists (id) on delete cascade,
  content_id uuid not null references contents (id) on delete cascade,
  created_at timestamptz(3) not null default now(),
  primary key (playlist_id, content_id)
);
create index ix_playlist_contents_order on playlist_contents (playlist_id, created_at, content_id);
create index ix_playlist_contents_content on playlist_contents (content_id);

create table playlist_subscriptions (
  playlist_id uuid not null references playlists (id) on delete cascade,
  subscriber_id uuid not null references users (id) on delete cascade,
  created_at timestamptz(3) not null default now(),
  primary key (playlist_id, subscriber_id)
);
create index ix_playlist_subscriptions_subscriber on playlist_subscriptions (subscriber_id, playlist_id);

create table reviews (
  id uuid primary key,
  content_id uuid not null references contents (id) on delete cascade,
  author_id uuid not null references users (id) on delete cascade,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  text text not null constraint ck_reviews_text_length check (length(text) between 1 and 2000),
  rating numeric not null constraint ck_reviews_rating check (rating between 0 and 5),
  constraint uq_reviews_content_author unique (content_id, author_id)
);
create index ix_reviews_created_at on reviews (created_at, id);
create index ix_reviews_rating on reviews (rating, id);
create index ix_reviews_content_created_at on reviews (content_id, created_at, id);
create index ix_reviews_content_rating on reviews (content_id, rating, id);
create index ix_reviews_author on reviews (author_id);

create table follows (
  id uuid primary key,
  follower_id uuid not null references users (id) on delete cascade,
  followee_id uuid not null references users (id) on delete cascade,
  created_at timestamptz(3) not null default now(),
  constraint uq_follows_follower_followee unique (follower_id, followee_id),
  constraint ck_follows_not_self check (follower_id <> followee_id)
);
create index ix_follows_followee on follows (followee_id, follower_id);

-- The two participants stand in the row in id order, so that a plain unique constraint allows one conversation per pair.
create table conversations (
  id uuid primary key,
  created_at timestamptz(3) not null default now(),
  lower_user_id uuid not null references users (id) on delete cascade,
  higher_user_id uuid not null references users (id) on delete cascade,
  constraint uq_conversations_pair unique (lower_user_id, higher_user_id),
  constraint ck_conversations_pair_order check (lower_user_id < higher_user_id)
);
create index ix_conversations_higher_user on conversations (higher_user_id);

-- created_at repeats the conversation's, so that a user's conversations are one index range in order.
create table conversation_participants (
  conversation_id uuid not null references conversations (id) on delete cascade,
  user_id uuid not null references users (id) on delete cascade,
  created_at timestamptz(3) not null,
  primary key (conversation_id, user_id)
);
create index ix_conversation_participants_user on conversation_participants (user_id, created_at, conversation_id);

-- Sender and receiver are participants: the composite foreign keys say so.
create table direct_messages (
  id uuid primary key,
  conversation_id uuid not null references conversations (id) on delete cascade,
  sender_id uuid not null,
  receiver_id uuid not null,
  created_at timestamptz(3) not null default now(),
  read_at timestamptz(3),
  content text not null constraint ck_direct_messages_content_length check (length(content) between 1 and 1000),
  constraint ck_direct_messages_not_self check (sender_id <> receiver_id),
  constraint fk_direct_messages_sender foreign key (conversation_id, sender_id)
    references conversation_participants (conversation_id, user_id) on delete cascade,
  constraint fk_direct_messages_receiver foreign key (conversation_id, receiver_id)
    references conversation_participants (conversation_id, user_id) on delete cascade
);
create index ix_direct_messages_conversation on direct_messages (conversation_id, created_at, id);
create index ix_direct_messages_sender on direct_messages (conversation_id, sender_id);
create index ix_direct_messages_unread on direct_messages (conversation_id, receiver_id, created_at, id) where read_at is null;
create index ix_direct_messages_receiver on direct_messages (conversation_id, receiver_id);
create index ix_direct_messages_bigrams on direct_messages using gin (bigrams(content));

create table notifications (
  id uuid primary key,
  event_id uuid not null,
  receiver_id uuid not null references users (id) on delete cascade,
  created_at timestamptz(3) not null default now(),
  read_at timestamptz(3),
  level text not null default 'INFO' constraint ck_notifications_level check (level in ('INFO', 'WARNING', 'ERROR')),
  title text not null constraint ck_notifications_title_length check (length(title) between 1 and 255),
  content text not null constraint ck_notifications_content_length check (length(content) <= 4000),
  constraint uq_notifications_event_receiver unique (event_id, receiver_id)
);
create index ix_notifications_unread on notifications (receiver_id, created_at, id) where read_at is null;
create index ix_notifications_receiver on notifications (receiver_id);
create index ix_notifications_read_at on notifications (read_at) where read_at is not null;

create table watching_sessions (
  id uuid primary key,
  content_id uuid not null references contents (id) on delete cascade,
  watcher_id uuid not null references users (id) on delete cascade,
  created_at timestamptz(3) not null,
  ended_at timestamptz(3),
  constraint ck_watching_sessions_ended_at check (ended_at >= created_at)
);
create index ix_watching_sessions_content on watching_sessions (content_id);
create index ix_watching_sessions_watcher on watching_sessions (watcher_id);
create index ix_watching_sessions_ended_at on watching_sessions (ended_at) where ended_at is not null;

-- Transactional outbox. The first five columns are the ones that Debezium's outbox event router expects.
-- `position` is the order of insertion: where one change was made after another was committed, it is larger.
-- `lane` spreads the keys over what several relays can claim side by side; one key is always in one lane.
create table outbox_events (
  id uuid primary key,
  aggregatetype text not null constraint ck_outbox_events_aggregatetype_length check (length(aggregatetype) <= 100),
  aggregateid text not null constraint ck_outbox_events_aggregateid_length check (length(aggregateid) <= 100),
  type text not null constraint ck_outbox_events_type_length check (length(type) <= 100),
  payload json not null,
  created_at timestamptz(3) not null default now(),
  published_at timestamptz(3),
  position bigint generated always as identity,
  lane smallint not null generated always as (hashtext(aggregateid) & 15) stored
);
create index ix_outbox_events_waiting on outbox_events (lane, position) where published_at is null;
create index ix_outbox_events_published_at on outbox_events (published_at) where published_at is not null;

-- What a consumer has already done, written in the transaction of the effect.
create table processed_events (
  consumer text not null constraint ck_processed_events_consumer_length check (length(consumer) <= 100),
  event_id uuid not null,
  processed_at timestamptz(3) not null default now(),
  primary key (consumer, event_id)
);
create index ix_processed_events_processed_at on processed_events (processed_at);

-- The answers of requests that carried an Idempotency-Key, written in the transaction of what the request did.
-- `caller` is a user's id, or an address where nobody is signed in; `operation` is the method and the path.
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

-- The history of batch jobs: every run that could change something, scheduled or by hand. `counts` is what it changed, by
-- kind, `reason` why it failed. A run that died without a word stays `running`, without an end, until the next run of the
-- job calls it `killed`.
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

-- Where a job that reads from outside goes on after it was stopped: the last page that is wholly in. Absent when its last
-- run came to its end.
create table batch_checkpoints (
  job text primary key constraint ck_batch_checkpoints_job_length check (length(job) between 1 and 100),
  position text not null constraint ck_batch_checkpoints_position_length check (length(position) <= 255),
  updated_at timestamptz(3) not null default now()
);

-- The number of rows of a table, part by part (`part` is empty where the table is one list), is the sum of a part's slots.
-- A writer adds its difference to a slot that nobody else holds: waiting for a single row would put all writers of a
-- table behind one another, and two tables counted in either order would be deadlocks.
create table row_counts (
  relation text not null constraint ck_row_counts_relation_length check (length(relation) <= 63),
  part text not null constraint ck_row_counts_part_length check (length(part) <= 100),
  slot integer generated always as identity,
  rows bigint not null,
  primary key (relation, part, slot)
) with (fillfactor = 50);

create function add_row_count(counted text, counted_part text, difference bigint) returns void
  language plpgsql as $$
begin
  update row_counts set rows = rows + difference
  where relation = counted and part = counted_part and slot = (
    select slot from row_counts where relation = counted and part = counted_part
    limit 1 for no key update skip locked
  );
  if not found then
    insert into row_counts (relation, part, rows) values (counted, counted_part, difference);
  end if;
end $$;

create function count_rows() returns trigger
  language plpgsql as $$
begin
  if tg_op = 'TRUNCATE' then
    delete from row_counts where relation = tg_table_name;
  else
    perform add_row_count(tg_table_name, '', case tg_op when 'INSERT' then count(*) else -count(*) end)
    from changed having count(*) > 0;
  end if;
  return null;
end $$;

-- As `count_rows`, one part per type.
create function count_contents() returns trigger
  language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    perform add_row_count('contents', old.type, -1), add_row_count('contents', new.type, 1);
  else
    perform add_row_count('contents', type, case tg_op when 'INSERT' then count(*) else -count(*) end)
    from changed group by type order by type;
  end if;
  return null;
end $$;

create trigger count_inserted after insert on contents referencing new table as changed
  for each statement execute function count_contents();
create trigger count_deleted after delete on contents referencing old table as changed
  for each statement execute function count_contents();
create trigger count_retyped after update of type on contents
  for each row when (old.type <> new.type) execute function count_contents();
create trigger count_truncated after truncate on contents for each statement execute function count_rows();

create trigger count_inserted after insert on playlists referencing new table as changed
  for each statement execute function count_rows();
create trigger count_deleted after delete on playlists referencing old table as changed
  for each statement execute function count_rows();
create trigger count_truncated after truncate on playlists for each statement execute function count_rows();

create trigger count_inserted after insert on reviews referencing new table as changed
  for each statement execute function count_rows();
create trigger count_deleted after delete on reviews referencing old table as changed
  for each statement execute function count_rows();
create trigger count_truncated after truncate on reviews for each statement execute function count_rows();

create trigger count_inserted after insert on users referencing new table as changed
  for each statement execute function count_rows();
create trigger count_deleted after delete on users referencing old table as changed
  for each statement execute function count_rows();
create trigger count_truncated after truncate on users for each statement execute function count_rows();
