-- The schema after all migrations; written by UPDATE=1 cargo test -p baton-store schema

CREATE TABLE backfill (
    id integer primary key autoincrement,
    pipeline text not null,
    body text not null
) strict;

CREATE INDEX backfill_of_pipeline on backfill (pipeline, id);

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
    reason text, name text not null default '', items text, callbacks text, earlier integer not null default 0, usage text, attempts text,
    primary key (run, block, child)
) strict, without rowid;

CREATE TABLE call_key (
    trigger_id integer not null references trigger (id) on delete cascade,
    key text not null,
    at integer not null,
    run integer not null,
    primary key (trigger_id, key)
) strict, without rowid;

CREATE INDEX call_key_at on call_key (trigger_id, at);

CREATE INDEX call_of_trigger on trigger_call (trigger_id, id);

CREATE TABLE code (
    hash text primary key,
    body text not null
) strict, without rowid;

CREATE TABLE duty (
    name text primary key,
    owner text not null,
    fence integer not null,
    until integer not null
) strict, without rowid;

CREATE TABLE event (
    run integer not null references run (id) on delete cascade,
    version integer not null,
    at integer not null,
    body text not null,
    primary key (run, version)
) strict, without rowid;

CREATE TABLE meta (key text primary key, value any not null) strict, without rowid;

CREATE TABLE non_event (
    id integer primary key autoincrement,
    trigger_id integer not null references trigger (id) on delete cascade,
    at integer not null,
    date integer,
    reason text not null
) strict;

CREATE INDEX non_event_of_trigger on non_event (trigger_id, id);

CREATE TABLE notice (
    id integer primary key autoincrement,
    subject text not null,
    run integer references run (id) on delete cascade,
    pipeline text not null,
    alert text not null,
    channel text not null,
    facts text not null,
    status text not null,
    tries integer not null default 0,
    next_at integer not null,
    error text,
    created_at integer not null,
    ended_at integer,
    unique (subject, alert, channel)
) strict;

CREATE INDEX notice_due on notice (next_at) where status = 'due';

CREATE INDEX notice_of_run on notice (run) where run is not null;

CREATE TABLE plan (
    run integer primary key references run (id) on delete cascade,
    body text not null
) strict;

CREATE TABLE process (
    id text primary key,
    role text not null,
    started_at integer not null,
    seen_at integer not null
) strict, without rowid;

CREATE TABLE product (
    run integer not null,
    block text not null,
    child integer not null,
    position integer not null,
    manifest text not null, pipeline text not null default '',
    primary key (run, block, child, position),
    foreign key (run, block, child) references block_run (run, block, child) on delete cascade
) strict, without rowid;

CREATE INDEX product_of_pipeline on product (pipeline, block, position, run);

CREATE TABLE project (
    id integer primary key check (id = 1),
    uuid text,
    path text not null
) strict;

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
, ending text, variables text not null default '{}', trigger_id integer, trigger_name text, triggered integer not null default 0, cause text not null default 'hand', execution_date integer not null default 0, backfill_id integer, parent_id integer, repeats integer, note text, passed_sla integer not null default 0, owner text, priority integer not null default 0, reason text, blocks integer not null default 0, completed integer not null default 0, failed integer not null default 0, lease_fence integer not null default 0, lease_until integer, told integer not null default 0, usage text, admitted integer not null default 0, settled integer not null default 0, wish text) strict;

CREATE INDEX run_admitted on run (id) where admitted = 1 and ended_at is null;

CREATE INDEX run_by_date on run (execution_date);

CREATE INDEX run_of_backfill on run (backfill_id) where backfill_id is not null;

CREATE UNIQUE INDEX run_of_date on run (trigger_id, execution_date) where cause = 'schedule';

CREATE INDEX run_of_owner on run (owner) where owner is not null;

CREATE INDEX run_of_parent on run (parent_id) where parent_id is not null;

CREATE INDEX run_of_pipeline on run (pipeline, id);

CREATE INDEX run_of_pipeline_status on run (pipeline, status);

CREATE INDEX run_of_status on run (status);

CREATE INDEX run_of_trigger on run (trigger_id, status);

CREATE INDEX run_unsettled on run (id) where settled = 0 and ended_at is not null;

CREATE INDEX run_untold on run (id) where told = 0 and ended_at is not null;

CREATE TABLE secret (
    scope text not null,
    name text not null,
    sealed blob not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (scope, name)
) strict, without rowid;

CREATE TABLE sqlite_sequence(name,seq);

CREATE TABLE trigger (
    id integer primary key autoincrement,
    pipeline text not null,
    name text not null,
    body text not null,
    unique (pipeline, name)
) strict;

CREATE TABLE trigger_call (
    id integer primary key autoincrement,
    trigger_id integer not null references trigger (id) on delete cascade,
    at integer not null,
    key text,
    status text not null,
    run integer,
    note text
) strict;
