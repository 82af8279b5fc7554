-- What is to be done for a run follows from its state: a process that takes over begins with that.
drop table command;
