-- What may be spent, by a whole project (subject '') or by one agent (its key), in each period.
create table budgets (
  project text not null references projects (id),
  subject text not null,
  period text not null check (period in ('ever', 'hour', 'day', 'week')),
  name text not null,
  tokens_max bigint check (tokens_max >= 0),
  cost_micros_max bigint check (cost_micros_max >= 0),
  set_by text not null,
  set_at_ms bigint not null,
  -- The beginning of the period of which it was told that all is spent.
  told_from_ms bigint,
  primary key (project, subject, period),
  check (tokens_max is not null or cost_micros_max is not null)
);

-- What was spent in each hour; in the row of hour -1, all that ever was.
create table spendings (
  project text not null references projects (id),
  subject text not null,
  hour_ms bigint not null,
  tokens bigint not null,
  cost_micros bigint not null,
  primary key (project, subject, hour_ms)
);
create index spendings_of_hour on spendings (hour_ms);

-- The bounds of a task, and what all its attempts have used together.
alter table tasks add column tokens_max bigint;
alter table tasks add column cost_micros_max bigint;
alter table tasks add column tokens_used bigint not null default 0;
alter table tasks add column cost_micros_used bigint not null default 0;
create index tasks_with_budget on tasks (project, id)
  where ended_at_ms is null and (tokens_max is not null or cost_micros_max is not null);
-- The most that was reported of each attempt.
alter table attempts add column tokens_used bigint not null default 0;
alter table attempts add column cost_micros_used bigint not null default 0;

-- An agent that takes no new work: because it said so, or because its context is full.
alter table agents add column paused_until_ms bigint;
alter table agents add column pause_reason text;
alter table agents add column full_until_ms bigint;
alter table agents add column full_percent bigint;
-- What holds it back the longest of all that does; null where nothing does.
alter table agents add column held_until_ms bigint;
alter table agents add column hold_reason text;
create index agents_held on agents (held_until_ms) where held_until_ms is not null;
alter table projects add column held_until_ms bigint;
alter table projects add column hold_reason text;
