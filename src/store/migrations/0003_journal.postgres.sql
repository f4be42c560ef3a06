-- One row a command: its audit line, and for a day its answer under its idempotency key.
create table journal (
  seq bigint generated always as identity primary key,
  at_ms bigint not null,
  project text not null,
  actor text not null,
  operation text not null,
  key text,
  input_hash text not null,
  reply text
);
-- The key leads: those of our clients begin with the time, so they are written side by side.
create unique index journal_keys on journal (key, actor, operation, project) where key is not null;
