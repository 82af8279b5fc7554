-- Who is to be told of what, and whether that was done.

-- Whether somebody has looked at the end of the run. A run that goes on after it had ended is looked at again.
alter table run add column told integer not null default 0;
update run set told = 1 where ended_at is not null;
create index run_untold on run (id) where told = 0 and ended_at is not null;

-- `subject` says what happened, so that the same is not told twice; `facts` what the message is made of (JSON).
create table notice (
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

create index notice_due on notice (next_at) where status = 'due';
create index notice_of_run on notice (run) where run is not null;
