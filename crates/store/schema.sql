-- The schema after all migrations; written by UPDATE=1 cargo test -p baton-store schema

CREATE TABLE block_run (
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
    reason text, name text not null default '', items text, callbacks text,
    primary key (run, block, child)
) strict, without rowid;

CREATE TABLE code (
    hash text primary key,
    body text not null
) strict, without rowid;

CREATE TABLE command (
    run integer not null references run (id) on delete cascade,
    version integer not null,
    position integer not null,
    body text not null,
    primary key (run, version, position)
) strict, without rowid;

CREATE TABLE event (
    run integer not null references run (id) on delete cascade,
    version integer not null,
    at integer not null,
    body text not null,
    primary key (run, version)
) strict, without rowid;

CREATE TABLE meta (key text primary key, value any not null) strict, without rowid;

CREATE TABLE plan (
    run integer primary key references run (id) on delete cascade,
    body text not null
) strict;

CREATE TABLE product (
    run integer not null,
    block text not null,
    child integer not null,
    position integer not null,
    manifest text not null,
    primary key (run, block, child, position),
    foreign key (run, block, child) references block_run (run, block, child) on delete cascade
) strict, without rowid;

CREATE TABLE run (
    id integer primary key autoincrement,
    pipeline text not null,
    status text not null,
    version integer not null,
    cancel_requested integer not null,
    last_fence integer not null,
    created_at integer not null,
    started_at integer,
    ended_at integer
, ending text, variables text not null default '{}') strict;

CREATE INDEX run_of_pipeline on run (pipeline, id);

CREATE TABLE secret (
    scope text not null,
    name text not null,
    sealed blob not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (scope, name)
) strict, without rowid;

CREATE TABLE sqlite_sequence(name,seq);
