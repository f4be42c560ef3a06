-- The row of a project is the scope that rules over sets of rows lock.
create table projects (
  id text primary key
);
insert into projects (id) values ('default');

create table tokens (
  id text primary key,
  project text not null references projects (id),
  agent text not null,
  agent_key text not null,
  role text not null,
  hash text not null unique,
  created_at_ms bigint not null,
  expires_at_ms bigint,
  revoked_at_ms bigint,
  rotated_from text
);
create index tokens_of_project on tokens (project, id);

create table agents (
  project text not null references projects (id),
  key text not null,
  name text not null,
  role text not null,
  presence text not null check (presence in ('offline', 'online', 'draining')),
  capabilities text not null,
  session_id text,
  is_pushed bigint not null check (is_pushed in (0, 1)),
  task_id text,
  idle_since_ms bigint not null,
  lease_until_ms bigint not null,
  last_seen_ms bigint not null,
  created_at_ms bigint not null,
  primary key (project, key)
);
create index agents_idle on agents (project, idle_since_ms, key)
  where presence = 'online' and is_pushed = 1 and task_id is null;
create index agents_due on agents (lease_until_ms) where presence <> 'offline';

create table repositories (
  id text primary key,
  project text not null references projects (id),
  url text not null,
  canonical_url text not null,
  base_branch text,
  created_at_ms bigint not null,
  unique (project, canonical_url)
);

create table tasks (
  id text primary key,
  project text not null references projects (id),
  title text not null,
  body text not null,
  lane text not null,
  state text not null,
  reason text,
  needs text not null,
  checks text not null,
  after_ids text not null,
  repository_id text references repositories (id),
  base_branch text,
  submitter text not null,
  agent text,
  agent_key text,
  preferred_key text,
  attempt bigint not null,
  attempts_max bigint not null,
  fence bigint not null,
  failures bigint not null,
  failures_max bigint not null,
  conflicts bigint not null,
  timeout_ms bigint not null,
  last_failure text,
  change_id text,
  landed_commit text,
  report text,
  rank_ms bigint not null,
  created_at_ms bigint not null,
  available_at_ms bigint not null,
  offered_at_ms bigint,
  accepted_at_ms bigint,
  started_at_ms bigint,
  ended_at_ms bigint,
  next_check_ms bigint,
  version bigint not null,
  -- Each state once, with what must hold in it. Not with "in": SQLite would build a set at each
  -- write, which takes longer than the write.
  check (
    (ended_at_ms is null and next_check_ms is not null and (
      state = 'blocked' or state = 'queued' or state = 'verifying' or
      (agent_key is not null and
        (state = 'offered' or state = 'accepted' or state = 'running'))))
    or (ended_at_ms is not null and
      (state = 'done' or state = 'cancelled' or state = 'failed' or state = 'dead'))
  )
);
create index tasks_runnable on tasks (project, rank_ms, id) where state = 'queued';
create index tasks_due on tasks (next_check_ms) where ended_at_ms is null;
-- Written once, when a task ends; what is open is few and stands in the index above.
create index tasks_ended on tasks (project, state, id) where ended_at_ms is not null;

create table attempts (
  task_id text not null references tasks (id),
  number bigint not null,
  fence bigint not null,
  agent text not null,
  offered_at_ms bigint not null,
  accepted_at_ms bigint,
  started_at_ms bigint,
  ended_at_ms bigint,
  outcome text,
  failure text,
  log text,
  primary key (task_id, number)
);

create table dependencies (
  task_id text not null references tasks (id),
  needed_id text not null references tasks (id),
  primary key (task_id, needed_id)
);
create index dependencies_of_needed on dependencies (needed_id);

-- What came too late: refused, and kept.
create table orphans (
  id text primary key,
  project text not null references projects (id),
  task_id text not null references tasks (id),
  fence bigint not null,
  agent text not null,
  operation text not null,
  input text not null,
  at_ms bigint not null
);
create index orphans_of_task on orphans (task_id);

create table changes (
  id text primary key,
  project text not null references projects (id),
  task_id text not null references tasks (id),
  attempt bigint not null,
  fence bigint not null,
  repository_id text not null references repositories (id),
  base_branch text,
  author text not null,
  branch text not null,
  base_commit text not null,
  head_commit text not null,
  state text not null check (state in ('submitted', 'verifying', 'awaiting', 'landing', 'landed',
    'rejected', 'conflicted', 'dropped')),
  reason text,
  tier bigint,
  rules text not null,
  checks text not null,
  tested_commit text,
  tested_base text,
  landed_commit text,
  verifier text,
  lease bigint,
  available_at_ms bigint not null,
  approved_by text,
  log text not null,
  created_at_ms bigint not null,
  ended_at_ms bigint,
  next_check_ms bigint,
  version bigint not null,
  check ((ended_at_ms is null) = (state in ('submitted', 'verifying', 'awaiting', 'landing'))),
  check (next_check_ms is not null or ended_at_ms is not null)
);
create index changes_of_project on changes (project, state, id);
create index changes_of_task on changes (task_id);
create index changes_due on changes (next_check_ms) where ended_at_ms is null;
-- One lander a branch.
create unique index changes_held on changes (repository_id, coalesce(base_branch, ''))
  where lease is not null;
