-- Secrets: name and scope in the clear, the value encrypted with the key file beside the database.
-- `scope` is `global`, `project`, or `pipeline:<uuid>`.

create table secret (
    scope text not null,
    name text not null,
    sealed blob not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (scope, name)
) strict, without rowid;
