-- What the newest attempts of a run's blocks used together, once the run has ended (JSON).
alter table run add column usage text;
