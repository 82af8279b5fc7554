-- What SQLite's migration 8 makes; its comments hold here, too.

alter table run add column admitted bigint not null default 0;
alter table run add column settled bigint not null default 0;
alter table run add column wish text;

update run set settled = 1 where ended_at is not null or cause = 'hand';

create index run_unsettled on run (id) where settled = 0 and ended_at is not null;
create index run_admitted on run (id) where admitted = 1 and ended_at is null;

create table duty (
    name text collate "C" primary key,
    owner text not null,
    fence bigint not null,
    until bigint not null
);

create table project (
    id bigint primary key check (id = 1),
    uuid text,
    path text not null
);

create table call_key (
    trigger_id bigint not null references trigger (id) on delete cascade,
    key text collate "C" not null,
    at bigint not null,
    run bigint not null,
    primary key (trigger_id, key)
);

create index call_key_at on call_key (trigger_id, at);

insert into call_key (trigger_id, key, at, run)
    select trigger_id, key, max(at), max(run) from trigger_call
    where key is not null and run is not null group by trigger_id, key;

drop index call_of_key;
