-- What several processes tell each other about runs, and what is left to do when a run has ended.

-- `admitted`: it may start, and whoever takes its lease drives it. `wish`: why somebody wants it to stop.
-- `settled`: what follows from its end has been done, or nothing does.
alter table run add column admitted integer not null default 0;
alter table run add column settled integer not null default 0;
alter table run add column wish text;

update run set settled = 1 where ended_at is not null or cause = 'hand';

create index run_unsettled on run (id) where settled = 0 and ended_at is not null;
create index run_admitted on run (id) where admitted = 1 and ended_at is null;

-- Duties that one process at a time has, until when; `fence` grows with each change of hands.
create table duty (
    name text primary key,
    owner text not null,
    fence integer not null,
    until integer not null
) strict, without rowid;

-- The project whose runs these are.
create table project (
    id integer primary key check (id = 1),
    uuid text,
    path text not null
) strict;

-- The run that calls with a key have made: the same call makes no second one.
create table call_key (
    trigger_id integer not null references trigger (id) on delete cascade,
    key text not null,
    at integer not null,
    run integer not null,
    primary key (trigger_id, key)
) strict, without rowid;

create index call_key_at on call_key (trigger_id, at);

insert into call_key (trigger_id, key, at, run)
    select trigger_id, key, max(at), max(run) from trigger_call
    where key is not null and run is not null group by trigger_id, key;

drop index call_of_key;
