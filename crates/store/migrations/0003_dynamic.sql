-- Child runs of dynamic blocks, callbacks, and what a run learns on its way.

-- What Mage calls the block run; items and callbacks as JSON.
alter table block_run add column name text not null default '';
alter table block_run add column items text;
alter table block_run add column callbacks text;
update block_run set name = block;

-- The status a run is bound to end with, and pipeline variables that its blocks have set (JSON).
alter table run add column ending text;
alter table run add column variables text not null default '{}';
