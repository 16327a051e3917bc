-- Which count of a content's watchers is the latest: the instances of the socket publish theirs independently.

alter table contents add column watcher_count_revision bigint not null default 0;
