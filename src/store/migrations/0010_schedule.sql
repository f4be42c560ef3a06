-- One row is one schedule. `planned_at_ms` is when `next_check_ms` was reckoned: a clock that was
-- set back while no hub ran is known by it.
create table schedules (
  id text primary key,
  project text not null references projects (id),
  name text not null,
  name_key text not null,
  cron text not null,
  time_zone text not null,
  -- The input of task.submit, in JSON.
  task text not null,
  overlap text not null check (overlap = 'skip' or overlap = 'allow'),
  missed_rule text not null check (missed_rule = 'one' or missed_rule = 'none'),
  state text not null,
  reason text,
  maker text not null,
  maker_key text not null,
  maker_role text not null,
  runs bigint not null,
  skipped bigint not null,
  missed bigint not null,
  skipped_at_ms bigint,
  skip_reason text,
  last_run_ms bigint,
  last_task_id text,
  created_at_ms bigint not null,
  planned_at_ms bigint not null,
  next_check_ms bigint,
  version bigint not null,
  unique (project, name_key),
  check ((state = 'active' and next_check_ms is not null and reason is null)
    or (state = 'paused' and next_check_ms is null)),
  check ((skipped_at_ms is null) = (skip_reason is null))
);
create index schedules_listed on schedules (project, id);
create index schedules_due on schedules (next_check_ms) where state = 'active';
-- Whether a maker may still submit is asked at each run.
create index tokens_of_agent on tokens (project, agent_key);
