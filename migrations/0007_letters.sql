-- no-transaction
-- A search for a single character finds no pair of characters to look up, and read the whole table where few rows have it.

-- The distinct characters of a text, lower-cased.
create or replace function letters(body text) returns text[]
  language sql immutable parallel safe cost 4000
  return (
    select coalesce(array_agg(distinct letter), '{}')
    from unnest(string_to_array(lower(body), null)) as letter
  );

-- What both cost beside a comparison, or PostgreSQL takes them for cheap and counts a frequent word by computing them for
-- every row of the table, where their indexes have them ready.
alter function bigrams(text) cost 4000;

-- One that a broken-off run has left is of no use.
drop index concurrently if exists ix_contents_letters;
create index concurrently ix_contents_letters on contents using gin (letters(title || ' ' || description));
drop index concurrently if exists ix_playlists_letters;
create index concurrently ix_playlists_letters on playlists using gin (letters(title || ' ' || description));
