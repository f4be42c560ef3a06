-- What a task asks of its scheduling, beyond lane, capabilities and paths.
alter table tasks add column prefers text not null default '[]';
alter table tasks add column trust bigint not null default 0;
alter table tasks add column concurrency_key text;
alter table tasks add column unique_key text;
-- 1 where the key stays taken when its task has ended.
alter table tasks add column is_unique_ever bigint not null default 0;
alter table tasks add column deadline_ms bigint;
alter table tasks add column on_needed_failure text not null default 'block';
alter table tasks add column parent_id text references tasks (id);
-- 1 where it was given back until its parts have ended.
alter table tasks add column waits_for_children bigint not null default 0;
alter table tasks add column progress_timeout_ms bigint;

-- What the agent of its present attempt said last.
alter table tasks add column note text;
alter table tasks add column blocked_by text;
alter table tasks add column progressed_at_ms bigint;
alter table attempts add column used text;

create unique index tasks_unique on tasks (project, unique_key)
  where unique_key is not null and (ended_at_ms is null or is_unique_ever = 1);
create index tasks_of_parent on tasks (parent_id, id) where parent_id is not null;
create index tasks_of_key on tasks (project, concurrency_key)
  where concurrency_key is not null and ended_at_ms is null;

-- The line of each submitter, in the order of ranks.
alter table tasks add column submitter_key text not null default '';
update tasks set submitter_key = replace(replace(lower(submitter), '_', ''), '-', '');
drop index tasks_runnable;
create index tasks_in_line on tasks (project, submitter_key, rank_ms, id, available_at_ms)
  where state = 'queued';

-- Who has had how much, so that those who wait in one lane take turns by their weights. The row of
-- nobody ('') holds the place up to which turns were given.
create table shares (
  project text not null references projects (id),
  submitter_key text not null,
  submitter text not null,
  weight bigint not null check (weight >= 1),
  pass bigint not null,
  primary key (project, submitter_key)
);

alter table agents add column trust bigint not null default 1;
-- JSON list of the only repositories that it works on; null where it takes any.
alter table agents add column repositories text;
alter table agents add column last_task_id text;
alter table agents add column last_outcome text;
alter table agents add column last_ended_at_ms bigint;

-- How often an agent has brought a task to its end, by what the task needed.
create table agent_records (
  project text not null references projects (id),
  agent_key text not null,
  capability text not null,
  succeeded bigint not null,
  failed bigint not null,
  primary key (project, agent_key, capability)
);

-- What open tasks mean to change, by the folder in which all that it meets lies; see lock_items.
create table task_paths (
  project text not null,
  repository_id text not null,
  base text not null,
  task_id text not null references tasks (id),
  primary key (project, repository_id, base, task_id)
);
create index task_paths_of_task on task_paths (task_id);
