create table meta (
  key text primary key,
  value text not null
);

-- An event is committed without a number and gets its seq afterwards: see events.ts.
create table events (
  id bigint generated always as identity primary key,
  seq bigint unique,
  project text not null,
  at_ms bigint not null,
  type text not null,
  subject text not null,
  actor text not null,
  audience text,
  data text not null
);

create index events_by_project on events (project, seq);
create index events_unnumbered on events (id) where seq is null;

-- The last number given. Its row lock is what numbering holds.
create table event_numbers (
  one integer primary key check (one = 1),
  last bigint not null
);

insert into event_numbers (one, last) values (1, 0);

create sequence fences;
