-- Triggers, backfills, and why runs exist: what a service needs to find runs and to explain them.

-- `body` is the whole trigger as JSON; the columns are what is searched.
create table trigger (
    id integer primary key autoincrement,
    pipeline text not null,
    name text not null,
    body text not null,
    unique (pipeline, name)
) strict;

create table backfill (
    id integer primary key autoincrement,
    pipeline text not null,
    body text not null
) strict;

create index backfill_of_pipeline on backfill (pipeline, id);

-- Copied from the plan when the run is created.
alter table run add column trigger_id integer;
alter table run add column trigger_name text;
alter table run add column triggered integer not null default 0;
alter table run add column cause text not null default 'hand';
alter table run add column execution_date integer not null default 0;
alter table run add column backfill_id integer;
alter table run add column parent_id integer;
alter table run add column repeats integer;

-- What the service says of a run; the engine does not know it. `owner` is the process that drives it.
alter table run add column note text;
alter table run add column passed_sla integer not null default 0;
alter table run add column owner text;
alter table run add column priority integer not null default 0;

-- Why a run did not complete. Attempts of a block run before it was last retried by hand, and what the newest used (JSON).
alter table run add column reason text;
alter table block_run add column earlier integer not null default 0;
alter table block_run add column usage text;

-- How many block runs there are, completed, and failed themselves: lists of runs show it.
alter table run add column blocks integer not null default 0;
alter table run add column completed integer not null default 0;
alter table run add column failed integer not null default 0;

update run set (trigger_id, trigger_name, triggered, cause, execution_date, backfill_id, parent_id, repeats) = (
    select body ->> '$.occasion.trigger', body ->> '$.trigger', body ->> '$.triggered',
        coalesce(body ->> '$.occasion.cause', 'hand'), body ->> '$.execution_date',
        body ->> '$.occasion.backfill', body ->> '$.occasion.parent', body ->> '$.occasion.repeats'
    from plan where plan.run = run.id
) where id in (select run from plan);
update run set (blocks, completed, failed) = (
    select count(*), coalesce(sum(block_run.status = 'completed'), 0), coalesce(sum(block_run.status = 'failed'), 0)
    from block_run where block_run.run = run.id
);

-- One run for each date of a schedule, whatever happens.
create unique index run_of_date on run (trigger_id, execution_date) where cause = 'schedule';
create index run_of_trigger on run (trigger_id, status);
create index run_of_pipeline_status on run (pipeline, status);
create index run_of_status on run (status);
create index run_by_date on run (execution_date);
create index run_of_backfill on run (backfill_id) where backfill_id is not null;
create index run_of_parent on run (parent_id) where parent_id is not null;

-- Calls of triggers from outside, and how they were answered.
create table trigger_call (
    id integer primary key autoincrement,
    trigger_id integer not null references trigger (id) on delete cascade,
    at integer not null,
    key text,
    status text not null,
    run integer,
    note text
) strict;

create index call_of_trigger on trigger_call (trigger_id, id);
create index call_of_key on trigger_call (trigger_id, key, at) where key is not null;

-- Why a trigger started nothing.
create table non_event (
    id integer primary key autoincrement,
    trigger_id integer not null references trigger (id) on delete cascade,
    at integer not null,
    date integer,
    reason text not null
) strict;

create index non_event_of_trigger on non_event (trigger_id, id);
