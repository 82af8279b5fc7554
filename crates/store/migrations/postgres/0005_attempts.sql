-- What each of the newest attempts of a block run came to, what it used, what its tests said (JSON).
alter table block_run add column attempts text;
