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
