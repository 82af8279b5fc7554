-- Runs, what they planned, what they produced, what happened to them and what is still to be done.
-- Times are microseconds since 1970 in UTC. A `child` of -1 is the run of the declared block itself.

create table run (
    id integer primary key autoincrement,
    pipeline text not null,
    status text not null,
    version integer not null,
    cancel_requested integer not null,
    last_fence integer not null,
    created_at integer not null,
    started_at integer,
    ended_at integer
) strict;

create index run_of_pipeline on run (pipeline, id);

-- Apart from `run`, so that an update of a run does not write its plan again.
create table plan (
    run integer primary key references run (id) on delete cascade,
    body text not null
) strict;

create table block_run (
    run integer not null references run (id) on delete cascade,
    block text not null,
    child integer not null,
    position integer not null,
    status text not null,
    attempt integer not null,
    fence integer not null,
    started_at integer,
    ended_at integer,
    retry_at integer,
    error text,
    reason text,
    primary key (run, block, child)
) strict, without rowid;

create table product (
    run integer not null,
    block text not null,
    child integer not null,
    position integer not null,
    manifest text not null,
    primary key (run, block, child, position),
    foreign key (run, block, child) references block_run (run, block, child) on delete cascade
) strict, without rowid;

create table event (
    run integer not null references run (id) on delete cascade,
    version integer not null,
    at integer not null,
    body text not null,
    primary key (run, version)
) strict, without rowid;

-- Commands that are not done yet. `version` is that of the event they follow from.
create table command (
    run integer not null references run (id) on delete cascade,
    version integer not null,
    position integer not null,
    body text not null,
    primary key (run, version, position)
) strict, without rowid;

-- Source texts as they were planned.
create table code (
    hash text primary key,
    body text not null
) strict, without rowid;
