-- Several processes that share the database: who they are, and which runs are theirs until when.

create table process (
    id text primary key,
    role text not null,
    started_at integer not null,
    seen_at integer not null
) strict, without rowid;

-- `lease_fence` grows with each lease of a run; who holds an older one cannot write any more.
alter table run add column lease_fence integer not null default 0;
alter table run add column lease_until integer;

create index run_of_owner on run (owner) where owner is not null;
