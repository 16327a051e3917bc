-- Exact counts of whole lists, so that a page need not count a table to say how much there is.

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

-- The triggers' locks keep writers out until the commit, so that what is counted here stays true.
insert into row_counts (relation, part, rows)
  select 'contents', type, count(*) from contents group by type
  union all select 'playlists', '', count(*) from playlists
  union all select 'reviews', '', count(*) from reviews
  union all select 'users', '', count(*) from users;
