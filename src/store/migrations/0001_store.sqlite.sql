create table meta (
  key text primary key,
  value text not null
) without rowid;

-- Numbers grow as long as the newest event is kept, whatever else is purged.
create table events (
  seq integer primary key,
  project text not null,
  at_ms bigint not null,
  type text not null,
  subject text not null,
  actor text not null,
  audience text,
  data text not null
);

create table fences (
  one integer primary key check (one = 1),
  last bigint not null
);

insert into fences (one, last) values (1, 0);
