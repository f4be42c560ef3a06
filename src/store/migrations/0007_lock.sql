-- A rule over the set of a project's locks holds this row first, and takes a place in line from it.
create table lock_lines (
  project text primary key references projects (id),
  last_place bigint not null
);

-- One lease for all that a session holds and waits for.
create table lock_sessions (
  project text not null references projects (id),
  holder text not null,
  agent_key text not null,
  lease_until_ms bigint not null,
  lease_ms bigint not null,
  primary key (project, holder)
);
create index lock_sessions_due on lock_sessions (lease_until_ms);

create table locks (
  id text primary key,
  project text not null references projects (id),
  holder text not null,
  agent text not null,
  agent_key text not null,
  session text,
  task_id text,
  state text not null,
  mode text not null,
  items text not null,
  place bigint not null,
  fence bigint,
  reason text,
  requested_at_ms bigint not null,
  granted_at_ms bigint,
  ended_at_ms bigint,
  version bigint not null,
  check (mode = 'exclusive' or mode = 'shared'),
  check ((session is null) <> (task_id is null)),
  -- Each state once, with what must hold in it; not with "in", see the table of tasks.
  check (
    (ended_at_ms is null and (
      (state = 'waiting' and fence is null and granted_at_ms is null) or
      (state = 'granted' and fence is not null and granted_at_ms is not null)))
    or (ended_at_ms is not null and (state = 'released' or state = 'expired' or
      state = 'stolen' or state = 'withdrawn'))
  )
);
create index locks_of_holder on locks (project, holder, place) where ended_at_ms is null;
create index locks_in_line on locks (project, place) where state = 'waiting';
create index locks_ended on locks (ended_at_ms) where ended_at_ms is not null;

-- What is held and waited for, and nothing that has ended. `base` is the folder below which
-- everything lies that the pattern meets, or the path itself: what overlaps has its base on the
-- way up from this one, or below it.
create table lock_items (
  project text not null,
  scope text not null,
  base text not null,
  lock_id text not null references locks (id),
  pattern text not null,
  is_literal bigint not null,
  holder text not null,
  mode text not null,
  state text not null,
  place bigint not null,
  primary key (project, scope, base, lock_id, pattern)
);
create index lock_items_of_lock on lock_items (lock_id);

-- The newest exclusive grant under which a change of each path has landed.
create table landed_paths (
  repository_id text not null references repositories (id),
  path text not null,
  fence bigint not null,
  holder text not null,
  agent text not null,
  change_id text not null,
  at_ms bigint not null,
  primary key (repository_id, path)
);

-- What a task means to change, and whether it holds any lock: most hold none, and pay nothing.
alter table tasks add column paths text not null default '[]';
alter table tasks add column has_locks bigint not null default 0;
create index tasks_with_paths on tasks (project, rank_ms, id)
  where state = 'queued' and paths <> '[]';
-- Which of an agent's sessions has its task in hand, where it said so.
alter table agents add column task_session text;
-- The paths that a change touches, as its verifier has found them.
alter table changes add column paths text not null default '[]';
